#!/usr/bin/env python3
# Part of the seqc project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Seeded generator of (text, ISO date) pairs for the dates example.

Every date from 1961-01-01 to 2060-12-31 falls, by a hash of the date alone,
into one of three splits: training (85 %), validation (5 %) and held out
(10 %). No date of one split occurs in another, in whatever form it is
written, so a right answer on the held-out split cannot be remembered.

    dates_data.py --held-out 10000 > held_out.tsv

prints that many held-out pairs, `text<TAB>iso`, all forms equally often and
no text twice.
"""

import argparse
import datetime
import hashlib
import random
import sys

FIRST_YEAR = 1961
LAST_YEAR = 2060

MONTHS = ("January February March April May June July August September "
          "October November December").split()
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
# Shorter spellings beside the first three letters.
OTHER_MONTHS = {"September": "Sept"}
OTHER_WEEKDAYS = {"Tuesday": ["Tues"], "Thursday": ["Thur", "Thurs"]}
CHINESE_DIGITS = "〇一二三四五六七八九"
CHINESE_WEEKDAYS = "一二三四五六日"
FULL_WIDTH = str.maketrans("0123456789-/", "０１２３４５６７８９－／")

SPLITS = ("train", "validation", "held_out")


def split_of(date):
    """The split of a date: a function of the date's ISO text only."""
    bucket = hashlib.sha256(date.isoformat().encode()).digest()[0] * 20 // 256
    return "held_out" if bucket < 2 else "validation" if bucket == 2 else "train"


def dates_of(split):
    """All dates of a split, in order."""
    result = []
    date = datetime.date(FIRST_YEAR, 1, 1)
    while date.year <= LAST_YEAR:
        if split_of(date) == split:
            result.append(date)
        date += datetime.timedelta(days=1)
    return result


def ordinal(day):
    """1st, 2nd, 3rd, 4th, ... 11th, ... 31st."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{'th' if day in (11, 12, 13) else ending}"


def chinese_number(n):
    """A number from 1 to 31 as it is said: 十一, 二十, 三十一."""
    tens, ones = divmod(n, 10)
    text = "" if tens == 0 else "十" if tens == 1 else CHINESE_DIGITS[tens] + "十"
    return text + (CHINESE_DIGITS[ones] if ones else "")


class Writer:
    """Writes parts of one date; `rng` picks between equal spellings."""

    def __init__(self, date, rng):
        self.date = date
        self.rng = rng

    def chance(self, p):
        return self.rng.random() < p

    def pick(self, *choices):
        return choices[int(self.rng.random() * len(choices))]

    # Numbers.
    def day(self):
        """The day with or without a leading zero."""
        return f"{self.date.day:02}" if self.chance(0.4) else str(self.date.day)

    def numbers(self):
        """Month and day, both with or both without a leading zero; now and
        then only one of them."""
        month, day = self.date.month, self.date.day
        pad_month = self.chance(0.5)
        pad_day = pad_month if self.chance(0.85) else not pad_month
        return (f"{month:02}" if pad_month else str(month),
                f"{day:02}" if pad_day else str(day))

    def year(self, short=0.12):
        """Four digits, or with the given probability two after an apostrophe."""
        return self.short_year() if self.chance(short) else str(self.date.year)

    def yy(self):
        return f"{self.date.year % 100:02}"

    def short_year(self):
        return self.pick("'", "'", "'", "’") + self.yy()

    def ordinal(self):
        return ordinal(self.date.day)

    # Names.
    def month(self):
        return MONTHS[self.date.month - 1]

    def mon(self, dot=0.2):
        """The month's short name, sometimes with a full stop."""
        name = self.month()
        if name in OTHER_MONTHS and self.chance(0.4):
            short = OTHER_MONTHS[name]
        else:
            short = name[:3]
        return short + ("." if short != name and self.chance(dot) else "")

    def any_month(self):
        return self.month() if self.chance(0.6) else self.mon()

    def weekday(self):
        return WEEKDAYS[self.date.weekday()]

    def wday(self):
        """The weekday's short name."""
        name = self.weekday()
        others = OTHER_WEEKDAYS.get(name)
        return self.pick(*others) if others and self.chance(0.3) else name[:3]

    def any_weekday(self):
        return self.weekday() if self.chance(0.6) else self.wday()

    def comma(self, p=0.5):
        """A comma and a space, or only a space."""
        return ", " if self.chance(p) else " "

    # Chinese.
    def chinese_year(self, zero):
        digits = CHINESE_DIGITS.replace("〇", zero)
        return "".join(digits[int(c)] for c in str(self.date.year))

    def chinese_month_day(self, ending):
        return (f"{chinese_number(self.date.month)}月"
                f"{chinese_number(self.date.day)}{ending}")

    def chinese_weekday(self):
        name = CHINESE_WEEKDAYS[self.date.weekday()]
        prefix = self.pick("星期", "星期", "周", "周", "礼拜", "週")
        if name == "日" and len(prefix) == 2 and self.chance(0.3):
            name = "天"
        return prefix + name


def weekday_numbers(w):
    m, d = w.numbers()
    y = w.date.year
    return w.any_weekday() + w.comma() + w.pick(
        f"{m}/{d}/{y}", f"{d}.{m}.{y}", f"{y}-{m}-{d}", f"{y}/{m}/{d}")


def trailing_weekday(w):
    """The weekday after the date, after a comma or in brackets."""
    day = w.pick(w.day(), w.ordinal())
    text = w.pick(f"{day} {w.any_month()} {w.date.year}",
                  f"{w.any_month()} {day}{w.comma()}{w.date.year}")
    return text + w.pick(" {}", ", {}", " ({})").format(w.any_weekday())


def slashes_day_first(w):
    """Slashes mean month first, unless the first number cannot be a month."""
    m, d = w.numbers()
    first, second = (d, m) if w.date.day > 12 else (m, d)
    return f"{first}/{second}/{w.pick(w.date.year, w.date.year, w.yy())}"


def spaced_numbers(w):
    m, d = w.numbers()
    y = w.date.year
    return w.pick(f"{m} / {d} / {y}", f"{d}. {m}. {y}", f"{y} - {m} - {d}",
                  f"{y} / {m} / {d}", f"{y} {m} {d}")


def chinese_bracket(w, weekday):
    return w.pick(" {}", "{}", "，{}", "（{}）", "({})").format(weekday)


def numeric(pattern):
    """A form made of numbers only; {m} and {d} with or without zeros."""
    def form(w):
        m, d = w.numbers()
        return pattern.format(m=m, d=d, y=w.date.year, yy=w.yy())
    return form


# Every form, by name. A form is one way of writing; small liberties (leading
# zeros, commas, full stops, apostrophes) are drawn inside it.
FORMS = {
    # 20 November 2026
    "day month year": lambda w:
        f"{w.day()} {w.month()}{w.comma(0.15)}{w.year()}",
    # November 20, 2026
    "month day, year": lambda w:
        f"{w.month()} {w.day()}{w.comma(0.7)}{w.date.year}",
    # 20 Nov 2026
    "day mon year": lambda w:
        f"{w.day()} {w.mon()}{w.comma(0.15)}{w.date.year}",
    # Nov. 20, 2026
    "mon day, year": lambda w:
        f"{w.mon(0.5)} {w.day()}{w.comma(0.7)}{w.date.year}",
    # Nov 20th '26
    "mon ordinal 'yy": lambda w:
        f"{w.mon()} {w.ordinal()}{w.comma(0.3)}"
        + (w.short_year() if w.chance(0.85) else w.yy()),
    # 20 Nov '26
    "day mon 'yy": lambda w:
        f"{w.day()} {w.any_month()} "
        + (w.short_year() if w.chance(0.75) else w.yy()),
    # November 20, '26
    "month day, 'yy": lambda w:
        f"{w.any_month()} {w.day()}{w.comma(0.7)}{w.short_year()}",
    # Friday, 20 November 2026
    "weekday, day month year": lambda w:
        f"{w.weekday()}{w.comma(0.7)}{w.day()} {w.month()} {w.year()}",
    # Friday, November 20, 2026
    "weekday, month day, year": lambda w:
        f"{w.weekday()}{w.comma(0.7)}{w.any_month()} {w.day()}"
        f"{w.comma(0.7)}{w.year()}",
    # Fri 20 Nov 2026
    "wday day mon year": lambda w:
        f"{w.wday()}{w.comma()}{w.day()} {w.mon()} {w.year()}",
    # Friday 20th November 2026, Friday the 20th of November 2026
    "weekday ordinal month year": lambda w:
        f"{w.any_weekday()}{w.comma(0.4)}"
        + w.pick("{}", "{} of", "the {} of").format(w.ordinal())
        + f" {w.any_month()}{w.comma(0.2)}{w.year()}",
    # the 20th of November 2026
    "the ordinal of month year": lambda w:
        f"the {w.ordinal()} of {w.any_month()}{w.comma(0.3)}{w.year()}",
    # 20th of November 2026
    "ordinal of month year": lambda w:
        f"{w.ordinal()} of {w.any_month()}{w.comma(0.2)}{w.year()}",
    # 20th November 2026
    "ordinal month year": lambda w:
        f"{w.ordinal()} {w.any_month()}{w.comma(0.2)}{w.year()}",
    # November 20th, 2026; November the 20th, 2026
    "month ordinal, year": lambda w:
        f"{w.any_month()} {w.pick('', '', 'the ')}{w.ordinal()}"
        f"{w.comma(0.7)}{w.year()}",
    # 20-Nov-2026, 20-Nov-26
    "day-mon-year": lambda w:
        "{1}{0}{2}{0}{3}".format(
            w.pick("-", "-", "/"), w.day(), w.mon(0),
            w.date.year if w.chance(0.7) else w.yy()),
    # 2026 November 20, 2026-Nov-20
    "year month day": lambda w:
        "{1}{0}{2}{0}{3}".format(
            w.pick(" ", " ", "-"), w.date.year, w.any_month(), w.day()),
    # 20. November 2026, 20. Nov. '26
    "day. month year": lambda w:
        f"{w.day()}. {w.any_month()} {w.year()}",
    # 20Nov2026, Nov20,2026
    "without spaces": lambda w:
        w.pick("{d}{m}{y}", "{d}{m}{y}", "{m}{d},{y}").format(
            d=w.day(), m=w.pick(w.mon(0), w.mon(0), w.month()), y=w.date.year),
    # Nov-20-2026, November/20/2026
    "mon-day-year": lambda w:
        "{1}{0}{2}{0}{3}".format(
            w.pick("-", "-", "/"), w.pick(w.mon(0), w.mon(0), w.month()),
            w.day(), w.date.year),
    # 20 November 2026 (Friday)
    "date, weekday": trailing_weekday,
    # 11 / 20 / 2026, 2026 11 20
    "spaced numbers": spaced_numbers,
    # 20/11/2026
    "d/m/y when no other reading": slashes_day_first,
    # Fri 11/20/2026, Friday, 2026-11-20
    "weekday numbers": weekday_numbers,
    "m/d/y": numeric("{m}/{d}/{y}"),
    "m/d/yy": numeric("{m}/{d}/{yy}"),
    "d.m.y": numeric("{d}.{m}.{y}"),
    "d.m.yy": numeric("{d}.{m}.{yy}"),
    "y-m-d": numeric("{y}-{m}-{d}"),
    "y/m/d": numeric("{y}/{m}/{d}"),
    "y.m.d": numeric("{y}.{m}.{d}"),
    "yyyymmdd": lambda w: w.date.strftime("%Y%m%d"),
    "y年m月d日": numeric("{y}年{m}月{d}日"),
    "y年m月d号": numeric("{y}年{m}月{d}号"),
    "y 年 m 月 d 日": numeric("{y} 年 {m} 月 {d} 日"),
    "yy年m月d日": lambda w:
        w.pick("", "", "'") + numeric("{yy}年{m}月{d}")(w) + w.pick("日", "日", "号"),
    "full width y年m月d日": lambda w:
        numeric("{y}年{m}月{d}日")(w).translate(FULL_WIDTH),
    "full width numbers": lambda w:
        w.pick(numeric("{y}-{m}-{d}"), numeric("{y}/{m}/{d}"))(w)
        .translate(FULL_WIDTH),
    "y年m月d日 weekday": lambda w:
        numeric("{y}年{m}月{d}")(w) + w.pick("日", "日", "日", "号")
        + chinese_bracket(w, w.chinese_weekday()),
    "weekday y年m月d日": lambda w:
        w.chinese_weekday() + w.pick(" ", "", "，")
        + numeric("{y}年{m}月{d}日")(w),
    "y年十一月二十日": lambda w:
        f"{w.date.year}年{w.chinese_month_day(w.pick('日', '日', '号'))}",
    "二〇年": lambda w: f"{w.chinese_year('〇')}年{w.chinese_month_day('日')}",
    "二零年": lambda w: f"{w.chinese_year('零')}年{w.chinese_month_day('日')}",
    "二〇年号": lambda w:
        f"{w.chinese_year(w.pick('〇', '零', '○'))}年{w.chinese_month_day('号')}",
    "二〇年 weekday": lambda w:
        f"{w.chinese_year(w.pick('〇', '零'))}年{w.chinese_month_day('日')}"
        + chinese_bracket(w, w.chinese_weekday()),
    "二六年": lambda w:
        f"{w.chinese_year(w.pick('〇', '零'))[2:]}年{w.chinese_month_day('日')}",
}


def write(date, form, rng):
    """One date in one form, in some letter case, seldom with a stray space."""
    text = FORMS[form](Writer(date, rng))
    if rng.random() < 0.04:
        text = text.replace(" ", "  ", 1)
    case = rng.random()
    if case < 0.2:
        return text.lower()
    if case < 0.35:
        return text.upper()
    if case < 0.45:  # Title case, word by word: The 20th Of November 2026.
        return " ".join(word[:1].upper() + word[1:] for word in text.split(" "))
    return text


def pairs(split, seed):
    """An endless stream of (text, iso), the forms in turn, dates at random."""
    rng = random.Random(f"{split} {seed}")
    dates = dates_of(split)
    while True:
        forms = list(FORMS)
        rng.shuffle(forms)
        for form in forms:
            date = dates[int(rng.random() * len(dates))]
            yield write(date, form, rng), date.isoformat()


def distinct_pairs(split, count, seed=1):
    """The first `count` pairs of a stream without repeated texts, the forms
    still equally often: a repeated text is drawn again in the same form."""
    rng = random.Random(f"{split} distinct {seed}")
    dates = dates_of(split)
    forms = list(FORMS)
    seen = set()
    result = []
    while len(result) < count:
        form = forms[len(result) % len(forms)]
        date = dates[int(rng.random() * len(dates))]
        text = write(date, form, rng)
        if text not in seen:
            seen.add(text)
            result.append((text, date.isoformat()))
    rng.shuffle(result)
    return result


def alphabet():
    """Every character that a text in lower case can contain, sorted."""
    letters = "".join(MONTHS + WEEKDAYS + list(OTHER_MONTHS.values()))
    letters += "".join(s for names in OTHER_WEEKDAYS.values() for s in names)
    letters += "the of st nd rd th 0123456789 .,-/'’()"
    letters += "０１２３４５６７８９－／年月日号星期礼拜周週天十零○，（）"
    letters += CHINESE_DIGITS
    return sorted(set(letters.lower()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--held-out", type=int, metavar="N",
                        help="print N held-out pairs, text<TAB>iso")
    parser.add_argument("--forms", action="store_true",
                        help="print one example of every form")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8")
    if args.held_out:
        for text, iso in distinct_pairs("held_out", args.held_out, args.seed):
            print(f"{text}\t{iso}")
    if args.forms:
        rng = random.Random(args.seed)
        for form in FORMS:
            print(f"{form}\t{FORMS[form](Writer(datetime.date(2026, 11, 20), rng))}")


if __name__ == "__main__":
    main()
