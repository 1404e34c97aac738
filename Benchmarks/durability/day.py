"""What run-durability says of a day: day.py scored|verified|recovered STARTED …; STARTED in seconds since 1970."""

import os
import sys
import time

what, seconds = sys.argv[1], time.time() - float(sys.argv[2])


def size(folder):
    return sum(os.path.getsize(os.path.join(path, name)) for path, _, names in os.walk(folder) for name in names)


def gigabytes(count):
    return "%.2f GB" % (count / 1e9)


if what == "scored":
    data, payments, request_bytes = sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
    log, state = size(os.path.join(data, "log")), size(os.path.join(data, "state"))
    print("- scored and recorded by one thread: %.0f s, %s payments/s, segments compressed meanwhile" % (
        seconds, format(round(payments / seconds), ",")))
    print("- requests %s; log %s, %.0f bytes a payment; snapshots %s" % (
        gigabytes(request_bytes), gigabytes(log), log / payments, gigabytes(state)))
elif what == "verified":
    print("- `shroff log verify`: %.0f s" % seconds)
else:
    print("- ready from %s: %.1f s; resident at most %s" % (sys.argv[3], seconds, sys.argv[4].strip()))
