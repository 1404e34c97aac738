"""Kills the service under load, again and again; scripts/torture is how it is run.

After every kill, on the data folder that it left:
  1  `shroff log verify` finds the log sound (but for a torn last line, which the next start sets aside)
  2  every decision that was answered as recorded is in the log, byte for byte
  3  the service starts, and gives every one of the last payments the answer that it gave, byte for byte
  4  a start from the newest snapshot and a start from nothing compute the same features for the same next payment
A folder is used for some kills, so that logs grow, rotate and are compressed; then the service is stopped in order and the
whole log verified.
"""

import argparse
import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

KILLS_A_FOLDER = 20
CLIENTS = 4
SYNCS = ["always", "interval", "never"]

FEATURES = """
entities: { card: card.fingerprint, customer: customer.id, merchant: merchant.id }
features:
  - amount: major_units(amount, currency)
  - card_count_1h: count(card, "1h")
  - card_mean_30d: mean(card, amount, "30d")
  - merchants_1d: distinct(card, merchant.id, "1d")
  - card_age: since_first(card)
  - merchant_sum_1d: sum(merchant, amount, "1d")
"""
RULES = """
rules:
  - { id: card-testing, when: 'count(card, "10m") >= 3 && amount < 1000', action: decline, points: 600 }
  - { id: high-amount, when: amount > 20000, points: 400 }
"""
POLICY = """
bands: [{ at_least: 400, decision: review }, { at_least: 900, decision: decline }]
risk_levels: { elevated: 400, highest: 900 }
default: approve
"""


class Broken(Exception):
    pass


class Service:
    """The program as a process of its own, on a port of its own."""

    def __init__(self, program, folder, data):
        self.log = open(os.path.join(folder, "service.log"), "ab")
        start = self.log.tell()
        self.process = subprocess.Popen(
            [program, "serve", "--config", os.path.join(folder, "config/shroff.yaml"), "--port", "0", "--data", data],
            stdout=self.log, stderr=self.log)
        self.port = 0
        deadline = time.monotonic() + 60
        while not self.port:
            with open(self.log.name, "rb") as log:
                log.seek(start)
                for word in log.read().split():
                    if word.startswith(b"port="):
                        self.port = int(word[5:])
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Broken("the service does not start; see " + self.log.name)
            time.sleep(0.005)

    def end(self, number):
        self.process.send_signal(number)
        code = self.process.wait(60)
        self.log.close()
        return code


class Client:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call(self, method, path, body=None):
        self.connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        answer = self.connection.getresponse()
        return answer.status, answer.headers, answer.read()


def payment(dice, name):
    second = dice.randrange(86_400)
    return json.dumps({
        "transaction_id": name, "amount": dice.randrange(30_000), "currency": "EUR",
        "event_time": "2026-06-%02dT%02d:%02d:%02dZ" % (
            1 + dice.randrange(3), second // 3_600, second // 60 % 60, second % 60),
        "card": {"fingerprint": "c_%d" % dice.randrange(40)}, "merchant": {"id": "m_%d" % dice.randrange(9)},
        "customer": {"id": "u_%d" % dice.randrange(60)}}).encode()


class Folder:
    """A data folder over some kills, and what was answered from it."""

    def __init__(self, program, seed):
        self.program, self.dice = program, random.Random(seed)
        self.path = tempfile.mkdtemp(prefix="shroff-torture-")
        self.data = os.path.join(self.path, "data")
        self.sync = SYNCS[seed // KILLS_A_FOLDER % len(SYNCS)]
        self.answers, self.bodies, self.fresh = {}, {}, []
        os.mkdir(os.path.join(self.path, "config"))
        every = self.dice.choice(["20ms", "200ms", "5m"])
        texts = {
            "features": FEATURES, "rules": RULES, "policy": POLICY,
            "shroff": "scoring: { model: none, shed_after: 1h }\nlog: { sync: %s, segment_bytes: 65536 }\n"
                      "state: { snapshot_every: %s }\n" % (self.sync, every)}
        for name, text in texts.items():
            with open(os.path.join(self.path, "config", name + ".yaml"), "w") as file:
                file.write(text)

    def run(self, *arguments):
        return subprocess.run([self.program, *arguments], capture_output=True)

    def kill(self, seed):
        """One life: starts, asks for what was answered before, takes payments, and is killed at a random instant."""
        dice = random.Random(seed)
        service = Service(self.program, self.path, self.data)
        try:
            self.ask_again(service.port)
            self.fresh, lock = [], threading.Lock()

            def post(number):
                own = random.Random(seed * CLIENTS + number)
                try:
                    client = Client(service.port)
                    for count in range(1_000_000):
                        name = "t_%d_%d_%d" % (seed, number, count)
                        body = payment(own, name)
                        status, _, answer = client.call("POST", "/v1/score", body)
                        if status != 200:
                            return
                        with lock:
                            self.bodies[name] = body
                            if json.loads(answer)["recorded"]:
                                self.answers[name] = answer
                                self.fresh.append(name)
                except (OSError, http.client.HTTPException):
                    return

            threads = [threading.Thread(target=post, args=(number,)) for number in range(CLIENTS)]
            for thread in threads:
                thread.start()
            time.sleep(dice.uniform(0, 0.25) ** 2 * 4)
        finally:
            service.end(signal.SIGKILL)
        for thread in threads:
            thread.join()
        return len(self.fresh)

    def ask_again(self, port):
        client = Client(port)
        for name in self.fresh:
            status, headers, answer = client.call("POST", "/v1/score", self.bodies[name])
            if status != 200 or headers.get("Idempotent-Replayed") != "true" or answer != self.answers[name]:
                raise Broken("%s was answered %s, and now %d %s" % (name, self.answers[name], status, answer))

    def check(self):
        """The log that the kill left, while nobody writes it."""
        verified = self.run("log", "verify", self.data)
        if verified.returncode != 0 and b"as a write cut short leaves it" not in verified.stdout + verified.stderr:
            raise Broken((verified.stdout + verified.stderr).decode())
        found = {}
        for line in self.run("log", "cat", self.data).stdout.splitlines():
            record = json.loads(line)
            if record.get("kind") == "payment":
                found[record["decision"]["transaction_id"]] = record["decision"]
        for name, answer in self.answers.items():
            if found.get(name) != json.loads(answer):
                raise Broken("%s was answered as recorded and is not: %s" % (name, found.get(name)))
        return len(found)

    def check_state(self, seed):
        """Two copies, one without its snapshots, compute the same."""
        features = []
        for name in ["kept", "bare"]:
            copy = os.path.join(self.path, name)
            shutil.copytree(self.data, copy)
            if name == "bare":
                shutil.rmtree(os.path.join(copy, "state"), ignore_errors=True)
            service = Service(self.program, self.path, copy)
            try:
                dice, client = random.Random(seed), Client(service.port)
                for count in range(5):
                    client.call("POST", "/v1/score", payment(dice, "probe_%d" % count))
                    decision = json.loads(client.call("GET", "/v1/decisions/probe_%d" % count)[2])
                    # On a machine so busy that a budget was over, what the rules say was not asked.
                    is_asked = decision["decision_source"] != "default"
                    said = (decision["score"], decision["decision"]) if is_asked else None
                    features.append((count, decision["features"], said))
            finally:
                service.end(signal.SIGKILL)
            shutil.rmtree(copy)
        if any(a[:2] != b[:2] or a[2] and b[2] and a[2] != b[2] for a, b in zip(features[:5], features[5:])):
            raise Broken("from a snapshot and from nothing the features differ: %s" % features)

    def finish(self):
        service = Service(self.program, self.path, self.data)
        self.ask_again(service.port)
        if service.end(signal.SIGTERM) != 0:
            raise Broken("the service did not stop in order")
        verified = self.run("log", "verify", self.data)
        if verified.returncode != 0:
            raise Broken((verified.stdout + verified.stderr).decode())
        shutil.rmtree(self.path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--kills", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", default="torture.ndjson")
    options = parser.parse_args()
    done = 0
    if os.path.exists(options.results):
        with open(options.results) as results:
            done = sum(1 for _ in results)
    folder, began = None, time.monotonic()
    with open(options.results, "a", buffering=1) as results:
        for number in range(done, options.kills):
            seed = options.seed + number
            if folder is None:
                folder = Folder(options.program, seed)
            try:
                acknowledged = folder.kill(seed)
                recorded = folder.check()
                if number % 5 == 0:
                    folder.check_state(seed)
                results.write(json.dumps({
                    "kill": number, "seed": seed, "sync": folder.sync, "acknowledged": acknowledged,
                    "acknowledged_in_all": len(folder.answers), "recorded_in_all": recorded}) + "\n")
                if (number + 1) % KILLS_A_FOLDER == 0 or number + 1 == options.kills:
                    folder.finish()
                    folder = None
            except Broken as broken:
                print("kill %d, seed %d, sync %s, data in %s: %s" % (
                    number, seed, folder.sync, folder.path, broken), file=sys.stderr)
                return 1
            if (number + 1) % 100 == 0:
                print("%d kills, %.1f a second" % (
                    number + 1, (number + 1 - done) / (time.monotonic() - began)), file=sys.stderr)
    return 0


sys.exit(main())
