"""The names of the events in a Chrome trace, one a line: trace_names.py TRACE.json"""

import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    events = json.load(file)["traceEvents"]
spans = [event for event in events if event["ph"] == "X"]
assert all(event["dur"] >= 0 and event["ts"] >= 0 for event in spans)
for name in sorted({event["name"] for event in spans}):
    print(name)
