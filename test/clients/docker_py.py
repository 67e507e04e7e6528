"""The usual calls of programs written with docker-py. DOCKER_HOST names the engine, IMAGE_TAR a busybox root."""
import io
import json
import os
import tarfile
import unittest

import docker

PREFIX = "hakopy-%d" % os.getpid()
IMAGE = PREFIX + ":test"


class Usual(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.client = docker.from_env()
        cls.client.api.import_image(os.environ["IMAGE_TAR"], repository=PREFIX, tag="test")

    @classmethod
    def tearDownClass(cls):
        for container in cls.client.containers.list(all=True, filters={"name": PREFIX}):
            container.remove(force=True, v=True)
        cls.client.images.remove(IMAGE, force=True)
        cls.client.close()

    def start(self, name, *command, **options):
        container = self.client.containers.run(IMAGE, list(command), name="%s-%s" % (PREFIX, name), detach=True, stop_signal="SIGKILL", **options)
        self.addCleanup(lambda: container.remove(force=True, v=True))
        return container

    def test_system(self):
        self.assertTrue(self.client.ping())
        self.assertEqual(self.client.version()["ApiVersion"], "1.51")
        self.assertEqual(self.client.info()["OSType"], "linux")
        self.assertIn("Containers", self.client.df())

    def test_run_to_the_end(self):
        self.assertEqual(self.client.containers.run(IMAGE, ["echo", "hello"], remove=True), b"hello\n")
        with self.assertRaises(docker.errors.ContainerError) as failed:
            self.client.containers.run(IMAGE, ["sh", "-c", "echo why >&2; exit 3"], remove=True, stderr=True)
        self.assertEqual((failed.exception.exit_status, failed.exception.stderr), (3, b"why\n"))

    def test_run_detached(self):
        container = self.start("life", "sh", "-c", "echo ready; exec sleep 1000", environment={"A": "b"}, labels={"which": "life"}, mem_limit="64m", nano_cpus=500_000_000)
        self.assertEqual(next(container.logs(stream=True, follow=True)), b"ready\n")
        self.assertEqual([each.id for each in self.client.containers.list(filters={"label": "which=life"})], [container.id])
        container.reload()
        self.assertEqual((container.status, container.attrs["HostConfig"]["Memory"]), ("running", 64 << 20))
        container.restart(timeout=0)
        container.pause()
        container.reload()
        self.assertEqual(container.status, "paused")
        container.unpause()
        container.rename(PREFIX + "-renamed")
        container.stop()
        self.assertEqual(container.wait()["StatusCode"], 137)
        with self.assertRaises(docker.errors.NotFound):
            self.client.containers.get(PREFIX + "-life")

    def test_exec(self):
        container = self.start("exec", "sleep", "1000")
        self.assertEqual(tuple(container.exec_run(["sh", "-c", "echo out; exit 4"])), (4, b"out\n"))
        both = container.exec_run(["sh", "-c", "echo out; echo err >&2"], demux=True)
        self.assertEqual(both.output, (b"out\n", b"err\n"))
        self.assertEqual(b"".join(container.exec_run(["sh", "-c", "echo a; echo b"], stream=True).output), b"a\nb\n")
        socket = container.exec_run(["cat"], stdin=True, socket=True, tty=True).output
        socket._sock.sendall(b"typed\n")
        self.assertIn(b"typed", socket._sock.recv(100))
        socket.close()

    def test_attach_socket(self):
        container = self.client.containers.create(IMAGE, ["cat"], name=PREFIX + "-attach", stdin_open=True)
        self.addCleanup(lambda: container.remove(force=True))
        socket = container.attach_socket(params={"stdin": 1, "stdout": 1, "stream": 1})
        container.start()
        socket._sock.sendall(b"through\n")
        self.assertEqual(socket._sock.recv(8, 0x100), b"\x01\0\0\0\0\0\0\x08")
        self.assertEqual(socket._sock.recv(8), b"through\n")
        socket.close()

    def test_archive(self):
        container = self.start("archive", "sleep", "1000")
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w") as tar:
            entry = tarfile.TarInfo("greeting")
            entry.size = 5
            tar.addfile(entry, io.BytesIO(b"hello"))
        self.assertTrue(container.put_archive("/tmp", data.getvalue()))
        chunks, stat = container.get_archive("/tmp/greeting")
        self.assertEqual((stat["name"], stat["size"]), ("greeting", 5))
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
            self.assertEqual(tar.extractfile("greeting").read(), b"hello")
        self.assertIn({"Path": "/tmp/greeting", "Kind": 1}, container.diff())
        self.assertGreater(sum(map(len, container.export())), 100_000)

    def test_stats_update_top(self):
        container = self.start("stats", "sleep", "1000")
        self.assertEqual(container.stats(stream=False)["pids_stats"]["current"], 1)
        self.assertEqual(next(container.stats(decode=True))["id"], container.id)
        container.update(mem_limit="96m", memswap_limit="96m")
        container.reload()
        self.assertEqual(container.attrs["HostConfig"]["Memory"], 96 << 20)
        self.assertIn("sleep 1000", container.top()["Processes"][0])

    def test_commit(self):
        container = self.start("commit", "sleep", "1000")
        image = container.commit(repository=PREFIX + "-committed", tag="v1", message="made by a test", conf={"Cmd": ["true"]})
        self.addCleanup(lambda: self.client.images.remove(PREFIX + "-committed:v1"))
        self.assertEqual((image.attrs["Comment"], image.tags), ("made by a test", [PREFIX + "-committed:v1"]))

    def test_build(self):
        text = "FROM " + IMAGE + "\nARG WHO=nobody\nRUN echo built for $WHO > /built\nCMD cat /built\n"
        image, log = self.client.images.build(fileobj=io.BytesIO(text.encode()), tag=PREFIX + "-built:v1", buildargs={"WHO": "me"}, rm=True)
        self.addCleanup(lambda: self.client.images.remove(PREFIX + "-built:v1"))
        lines = "".join(entry.get("stream", "") for entry in log)
        self.assertIn("Step 1/4 : FROM " + IMAGE, lines)
        self.assertIn("Successfully tagged " + PREFIX + "-built:v1", lines)
        self.assertEqual(self.client.containers.run(image.id, remove=True), b"built for me\n")
        with self.assertRaises(docker.errors.BuildError) as failure:
            self.client.images.build(fileobj=io.BytesIO(("FROM " + IMAGE + "\nRUN exit 7\n").encode()), rm=True)
        self.assertEqual(failure.exception.msg, "The command '/bin/sh -c exit 7' returned a non-zero code: 7")

    def test_events(self):
        events = self.client.events(decode=True, filters={"event": ["start", "die"], "label": "which=events"})
        self.client.containers.run(IMAGE, ["true"], labels={"which": "events"}, remove=True)
        self.assertEqual([next(events)["Action"], next(events)["Action"]], ["start", "die"])
        events.close()

    def test_health(self):
        check = {"test": ["CMD", "true"], "interval": 50_000_000}
        container = self.start("health", "sleep", "1000", healthcheck=check)
        for event in self.client.events(decode=True, since=0, filters={"container": container.id, "event": "health_status"}):
            self.assertEqual(event["Action"], "health_status: healthy")
            break
        container.reload()
        self.assertEqual(container.attrs["State"]["Health"]["Status"], "healthy")

    def test_objects(self):
        image = self.client.images.get(IMAGE)
        self.assertTrue(image.tag(PREFIX + "-tagged", "v2"))
        self.assertEqual([each.id for each in self.client.images.list(name=PREFIX + "-tagged")], [image.id])
        self.client.images.remove(PREFIX + "-tagged:v2")
        volume = self.client.volumes.create(PREFIX + "-volume", labels={"a": "b"})
        self.assertIn(volume.name, [each.name for each in self.client.volumes.list(filters={"label": "a=b"})])
        volume.remove()
        self.assertIn("bridge", [each.name for each in self.client.networks.list()])
        with self.assertRaises(docker.errors.ImageNotFound):
            self.client.images.get(PREFIX + "-nosuch")


class Result(unittest.TextTestResult):
    """One JSON line a test, for the runner that counts them."""

    def addSuccess(self, test):
        self.say(test, None)

    def addFailure(self, test, err):
        self.say(test, self._exc_info_to_string(err, test))

    addError = addFailure

    def say(self, test, problem):
        print(json.dumps({"test": test.id().rsplit(".", 1)[-1], "problem": problem}), flush=True)


if __name__ == "__main__":
    unittest.TextTestRunner(resultclass=Result, stream=open(os.devnull, "w")).run(unittest.defaultTestLoader.loadTestsFromTestCase(Usual))
