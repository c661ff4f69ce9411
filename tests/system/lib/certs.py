"""A certificate authority for one test run, made by openssl."""

import subprocess


class Ca:
    def __init__(self, path):
        self.path = path
        self.cert = path / "ca.pem"
        self._key = path / "ca.key"
        self._openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=Test CA", "-keyout", self._key, "-out", self.cert)

    def _openssl(self, *args):
        subprocess.run(["openssl", *map(str, args)], check=True,
                       cwd=self.path, capture_output=True)

    def issue(self, *names):
        """A certificate for these host names: (cert, key) paths."""
        base = self.path / names[0]
        cert, key = base.with_suffix(".pem"), base.with_suffix(".key")
        csr, ext = base.with_suffix(".csr"), base.with_suffix(".ext")
        if cert.exists():
            return cert, key
        ext.write_text("subjectAltName=" + ",".join(f"DNS:{n}" for n in names))
        self._openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-subj", f"/CN={names[0]}", "-keyout", key, "-out", csr)
        self._openssl(
            "x509", "-req", "-in", csr, "-CA", self.cert, "-CAkey", self._key,
            "-CAcreateserial", "-days", "2", "-extfile", ext, "-out", cert)
        return cert, key
