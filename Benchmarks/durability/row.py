"""A row of the table of run-durability: row.py LOAD.json SYNC DISK."""

import json
import sys

with open(sys.argv[1]) as file:
    report = json.load(file)
latency = report["latency_ms"]
print("| `%s` | %s | %s | %.1f | %.1f | %.1f | %.1f | %s |" % (
    sys.argv[2], sys.argv[3], format(round(report["achieved_per_second"]), ","), latency["p50"], latency["p99"],
    latency["p99.9"], latency["max"], format(report["not_recorded"], ",")))
