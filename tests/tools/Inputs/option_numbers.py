"""Gives options numbers that they do not take, and expects exit code 2 and what was found and is required.

    option_numbers.py SHARED_OBJECT EXECUTABLE MODEL
"""

import subprocess
import sys

WORDS = ["", "1x"]
LARGE = "9223372036854775808"
HUGE = "99999999999999999999999999"
COUNT = (["-1", "0", LARGE], ["from 1 to 2147483647", "of 1 or more"])
NOT_NEGATIVE = (["-1"], ["that is not negative"])
FINITE = (["inf", "nan", "1e400"], ["finite number", "required is a number"])


def run(*command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def main(shared_object, executable, model):
    compile_model = ["seqc", "compile", model, "-o", shared_object + ".never"]
    threads = (["-1", "0", "1.5", LARGE, HUGE], ["from 1 to 256"])
    cases = [
        (["seqc", "run", shared_object], {
            "--threads": threads, "--max-length": COUNT, "--batch": COUNT, "--beam": COUNT, "--n-best": COUNT,
            "--top-k": (["-1", LARGE], ["from 0 to 2147483647"]),
            "--seed": (["-1", HUGE], ["whole number of at most 64 bits"]),
            "--top-p": (["-1", "0", "1.5"], ["above 0 and at most 1"]),
            "--temperature": (["-1", "inf"], ["finite number that is not negative"]),
            "--length-penalty": FINITE, "--rtol": NOT_NEGATIVE, "--atol": NOT_NEGATIVE,
            "--lengths": ([LARGE], ["numbers separated by commas"])}),
        ([executable], {
            "--threads": threads, "--max-length": COUNT, "--batch": COUNT,
            "--top-k": (["-1", LARGE], ["from 0 to 2147483647"]),
            "--seed": (["-1", HUGE], ["whole number of at most 64 bits"]),
            "--temperature": (["-1", "inf"], ["finite number that is not negative"]),
            "--length-penalty": FINITE, "--rtol": NOT_NEGATIVE, "--atol": NOT_NEGATIVE}),
        (["seqc", "test", "."], {
            "--jobs": (["-1", "0", LARGE], ["from 1 to 1024", "of 1 or more"]), "--threads": threads}),
        (["seqc", "bench", shared_object], {
            "--runs": COUNT, "--warmup": (["-1", LARGE], ["from 0 to 2147483647", "of 0 or more"])}),
        (compile_model, {
            "--max-length": COUNT,
            "--beam": (["-1", "0", LARGE], ["from 1 to 1024", "of 1 or more"]),
            "--n-best": (["-1", "0", LARGE], ["from 1 to 1024", "of 1 or more"]),
            "--length-penalty": FINITE, "-O": (["-1", "4", LARGE], ["one of 0, 1, 2, 3"]),
            "--seed": (["-1", LARGE], ["from 0 to 9223372036854775807", "of 0 or more"])}),
    ]
    failed = 0
    for command, options in cases:
        for option, (numbers, required) in options.items():
            for number in numbers + WORDS:
                separate = [option + number] if option == "-O" and number else [option, number]
                for words in [separate] + ([[f"{option}={number}"]] if command[0] == executable else []):
                    done = run(*command, *words)
                    told = done.stderr
                    good = (done.returncode == 2 and not done.stdout and told.count("\n") == 1
                            and f"option '{option}'" in told and f"'{number}'" in told
                            and "required" in told and any(text in told for text in required))
                    if not good:
                        failed += 1
                        print(f"{command} {words}: exit code {done.returncode}: {done.stdout}{told}")
    sys.exit(failed != 0)


main(*sys.argv[1:])
