"""TLS of the daemon itself: certificate files, a client that verifies them, renewal by SIGHUP."""
import contextlib
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import unittest
import urllib.parse

from harness import GATEWAY_TOKEN, local_gateway, until

CURVE = ["-pkeyopt", "ec_paramgen_curve:prime256v1"]


class Authority:
    """A certification authority of the test's own, made with the openssl program."""

    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="tailops-ca-"))
        self.certificate = self.directory / "ca.pem"
        self.issued = 0
        self.openssl("req", "-x509", "-newkey", "ec", *CURVE, "-nodes", "-keyout", self.directory / "ca.key",
                     "-out", self.certificate, "-subj", "/CN=test authority", "-days", "2",
                     "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def openssl(self, *words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)

    def issue(self, names="DNS:localhost,IP:127.0.0.1"):
        """The texts of a certificate and its key."""
        self.issued += 1
        stem = self.directory / f"leaf{self.issued}"
        key, request, certificate = (stem.with_suffix(end) for end in (".key", ".csr", ".pem"))
        self.openssl("req", "-newkey", "ec", *CURVE, "-nodes", "-keyout", key, "-out", request,
                     "-subj", f"/CN=number {self.issued}", "-addext", f"subjectAltName={names}")
        self.openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.directory / "ca.key",
                     "-set_serial", self.issued, "-days", "2", "-copy_extensions", "copy", "-out", certificate)
        return certificate.read_text(), key.read_text()

    def client(self):
        return ssl.create_default_context(cafile=str(self.certificate))


class Tls(unittest.TestCase):
    def setUp(self):
        self.authority = Authority()
        self.addCleanup(shutil.rmtree, self.authority.directory, ignore_errors=True)
        self.gateway = local_gateway(gateway=GATEWAY_TOKEN + "tls: {certificate: chain.pem, key: key.pem}\n")
        self.install(*self.authority.issue())
        self.gateway.tls = self.authority.client()
        self.gateway.start()
        self.addCleanup(self.gateway.__exit__)

    def install(self, certificate, key):
        self.gateway.write("chain.pem", certificate)
        self.gateway.write("key.pem", key)

    @property
    def address(self):
        where = urllib.parse.urlsplit(self.gateway.url)
        return where.hostname, where.port

    def serial(self):
        """The number of the certificate that a new connection is shown, once it is verified."""
        with socket.create_connection(self.address, 10) as peer, \
                self.authority.client().wrap_socket(peer, server_hostname="localhost") as secure:
            return int(secure.getpeercert()["serialNumber"], 16)

    def reload(self, event):
        before = self.gateway.logged().count(f" {event}: ")
        self.gateway.process.send_signal(signal.SIGHUP)
        until(lambda: self.gateway.logged().count(f" {event}: ") > before, what=event)

    def test_serves_clients_that_verify_the_certificate(self):
        self.assertTrue(self.gateway.url.startswith("https://127.0.0.1:"), self.gateway.url)
        self.assertEqual(self.gateway.rpc("tools/list").status, 200)
        self.assertEqual(self.gateway.rpc("tools/list", token=None).status, 401)
        self.assertEqual(self.serial(), 1)

    def test_is_not_believed_by_clients_of_another_authority_or_under_another_name(self):
        other = Authority()
        self.addCleanup(shutil.rmtree, other.directory, ignore_errors=True)
        for context, name in ((other.client(), "localhost"), (self.authority.client(), "gateway.example.com")):
            with socket.create_connection(self.address, 10) as peer, \
                    self.assertRaises(ssl.SSLCertVerificationError):
                context.wrap_socket(peer, server_hostname=name)
        self.assertEqual(self.gateway.rpc("tools/list").status, 200)

    def test_speaks_nothing_older_than_tls_1_2(self):
        old = self.authority.client()
        with self.assertWarns(DeprecationWarning):
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        with socket.create_connection(self.address, 10) as peer, self.assertRaises(ssl.SSLError):
            old.wrap_socket(peer, server_hostname="localhost")
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = self.authority.client()
            context.minimum_version = context.maximum_version = version
            with socket.create_connection(self.address, 10) as peer, \
                    context.wrap_socket(peer, server_hostname="localhost") as secure:
                self.assertEqual(secure.version(), version.name.replace("_", "."))

    def test_takes_up_a_renewed_certificate(self):
        with socket.create_connection(self.address, 10) as peer, \
                self.authority.client().wrap_socket(peer, server_hostname="localhost") as kept:
            self.install(*self.authority.issue())
            self.reload("reloaded")
            self.assertEqual(self.serial(), 2)
            self.assertEqual(self.gateway.rpc("tools/list").status, 200)
            kept.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertTrue(kept.recv(100).startswith(b"HTTP/1.1 200 "), "an open connection goes on")

    def test_keeps_the_old_certificate_when_the_new_one_is_bad(self):
        good = self.authority.issue()
        certificate, key = self.authority.issue()
        for new in (("no certificate", key), (certificate, "no key"), (certificate, good[1])):
            self.install(*new)
            # The policy changes with it: a mistake anywhere refuses the whole reload.
            self.gateway.write("policy.yaml", "version: 1\nrules: []\n")
            self.reload("reload_refused")
            self.assertIn("the TLS ", self.gateway.logged())
            self.assertEqual(self.serial(), 1)
            self.assertIn("get_system_status", self.gateway.tools())
        self.assertNotIn(" reloaded: ", self.gateway.logged())
        self.install(*good)
        self.reload("reloaded")
        self.assertEqual(self.serial(), 2)
        self.assertNotIn("get_system_status", self.gateway.tools())

    def test_refuses_plain_http_and_goes_on(self):
        for bytes_sent in (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\r\n\r\n\r\n", b"\x00" * 100):
            with socket.create_connection(self.address, 20) as peer:
                peer.sendall(bytes_sent)
                heard = b""
                with contextlib.suppress(ConnectionResetError):
                    while piece := peer.recv(1000):
                        heard += piece
            # An alert record at most (RFC 8446 section 6), and the end: no answer in clear text.
            self.assertNotIn(b"HTTP", heard)
            self.assertLessEqual(len(heard), 7)
        self.assertEqual(self.gateway.rpc("tools/list").status, 200)


class TlsAtStart(unittest.TestCase):
    def test_refuses_to_start_with_files_that_are_no_use(self):
        gateway = local_gateway(gateway=GATEWAY_TOKEN + "tls: {certificate: chain.pem, key: key.pem}\n")
        self.addCleanup(shutil.rmtree, gateway.directory, ignore_errors=True)
        told = gateway.command("serve", "--config", gateway.config)
        self.assertEqual(told.returncode, 1)
        self.assertIn("chain.pem", told.stderr)

    def test_is_told_of_them_by_check(self):
        authority = Authority()
        self.addCleanup(shutil.rmtree, authority.directory, ignore_errors=True)
        gateway = local_gateway(gateway=GATEWAY_TOKEN + "tls:\n  certificate: chain.pem\n  key: key.pem\n")
        self.addCleanup(shutil.rmtree, gateway.directory, ignore_errors=True)

        def check():
            told = gateway.command("check", "--config", gateway.config)
            return told.returncode, told.stderr

        code, missing = check()
        self.assertEqual(code, 2)
        self.assertIn("gateway.yaml:7:3: tls.certificate: ", missing)
        self.assertIn("gateway.yaml:8:3: tls.key: ", missing)
        self.assertEqual(missing.count("No such file or directory"), 2)
        good, other = authority.issue(), authority.issue()
        gateway.write("chain.pem", good[0])
        gateway.write("key.pem", other[1])
        code, mismatch = check()
        self.assertEqual(code, 2)
        self.assertIn("gateway.yaml:6:1: the TLS key file ", mismatch)
        self.assertIn("cannot be used with the certificate ", mismatch)
        gateway.write("key.pem", good[1])
        self.assertEqual(check(), (0, ""))


if __name__ == "__main__":
    unittest.main()
