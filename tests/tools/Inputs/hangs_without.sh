#!/bin/sh
# hangs_without.sh WORD FILE: interesting (1) while FILE holds WORD; hangs, in a program that it starts, without.
grep -q "$1" "$2" && exit 1
sleep 600
