"""Passwords that the rc file does not have: commands, files, systemd's."""

import os

import pytest

from lib.mail import message

pytestmark = pytest.mark.ours

SECRET = "s3cret word"


def rc(s, how):
    return (f"poll pop.example.com proto pop3 user user {how} "
            f"is u@example.com here smtphost 127.0.0.1/{s.port}\n")


@pytest.fixture
def box(dovecot):
    d = dovecot({"user": SECRET})
    d.deliver("user", message(1))
    return d.start()


def secret_file(home, text=SECRET + "\nmore\n", mode=0o600, name="secret"):
    path = home / name
    path.write_text(text)
    path.chmod(mode)
    return path


def test_command(box, sink, home, run_fetchmail):
    s, path = sink(), secret_file(home)
    r = run_fetchmail(rc(s, f"passwordeval 'cat {path}; echo x >>{path}.n'"),
                      "-v", "-v")
    assert r.returncode == 0, r.stderr
    assert len(s.messages) == 1
    assert SECRET not in r.stdout + r.stderr
    assert (home / "secret.n").read_text() == "x\n"  # asked once


@pytest.mark.parametrize("command, words", [
    ("exit 3", "failed with status 3"),
    ("true", "its first line is empty"),
    ("echo; echo secret", "its first line is empty"),
    ("printf %020000d 0", "a line of more than"),
    ("exec cat /dev/zero", "more than 65536 octets"),
])
def test_command_fails(box, sink, run_fetchmail, command, words):
    s = sink()
    r = run_fetchmail(rc(s, f'passwordeval "{command}"'))
    assert r.returncode == 3 and words in r.stderr
    assert "passwordeval for user@pop.example.com" in r.stderr
    assert not s.messages


def test_command_is_late(box, sink, run_fetchmail):
    s = sink()
    text = rc(s, 'passwordeval "sleep 50"').replace("user user",
                                                    "timeout 1 user user", 1)
    r = run_fetchmail(text, seconds=20)
    assert r.returncode == 3 and "timeout after 1 seconds" in r.stderr


def test_one_that_fails_takes_no_other_along(box, sink, run_fetchmail):
    s = sink()
    r = run_fetchmail(rc(s, 'passwordeval "exit 1"')
                      + rc(s, f'passwordeval "printf %s \'{SECRET}\'"'))
    assert r.returncode == 0 and len(s.messages) == 1


def test_file(box, sink, home, run_fetchmail):
    s, path = sink(), secret_file(home)
    r = run_fetchmail(rc(s, f"passwordfile {path}"), "-v")
    assert r.returncode == 0, r.stderr
    assert SECRET not in r.stdout + r.stderr


def test_file_beside_the_rc(box, sink, home, top, run_fetchmail):
    s = sink()
    secret_file(top, name="beside")
    secret_file(home, name="beside")
    assert run_fetchmail(rc(s, "passwordfile beside")).returncode == 0


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_file_that_others_may_read(box, sink, home, run_fetchmail, mode):
    s, path = sink(), secret_file(home, mode=mode)
    r = run_fetchmail(rc(s, f"passwordfile {path}"))
    assert r.returncode == 3 and "must have no more than" in r.stderr


def test_file_of_somebody_else(box, sink, home, run_fetchmail):
    s, path = sink(), secret_file(home)
    os.chown(path, 5001, 5001)
    r = run_fetchmail(rc(s, f"passwordfile {path}"))
    assert r.returncode == 3 and "must be owned by you" in r.stderr
    r = run_fetchmail(rc(s, f"passwordfile {home}/nothing"))
    assert r.returncode == 3 and "No such file" in r.stderr
    os.mkfifo(home / "pipe", 0o600)
    r = run_fetchmail(rc(s, f"passwordfile {home}/pipe"))
    assert r.returncode == 3 and "must be a regular file" in r.stderr


@pytest.mark.parametrize("name, how", [
    ("mine", "passwordfile mine"), ("user@pop.example.com", "")])
def test_systemd(box, sink, home, run_fetchmail, name, how):
    """systemd's files are root's, and it says who may read them."""
    s, path = sink(), secret_file(home, mode=0o440, name=name)
    os.chown(path, 0, 5001)
    r = run_fetchmail(rc(s, how), CREDENTIALS_DIRECTORY=home)
    assert r.returncode == 0, r.stderr
    assert len(s.messages) == 1


def test_shown_to_nobody(sink, home, run_fetchmail):
    s = sink()
    text = rc(s, f'passwordeval "echo {SECRET}"')
    for args in (["-V"], ["--configdump"], ["--configdump=json"],
                 ["--check-config"]):
        r = run_fetchmail(text, *args)
        assert r.returncode == 0 and "passwordeval" in r.stdout, args
        assert SECRET not in r.stdout + r.stderr


def test_only_one(sink, run_fetchmail):
    s = sink()
    r = run_fetchmail(rc(s, 'password x passwordeval "echo y"'))
    assert r.returncode == 5 and "only one of them" in r.stderr


def test_words_of_fetchmail_stay(sink, run_fetchmail):
    """What it took for strings is none of our keywords."""
    s = sink()
    r = run_fetchmail("poll passwordfile proto imap user passwordeval "
                      "pass passwordfile is passwordeval here "
                      "folder passwordfile\n", "-V")
    assert r.returncode == 0, r.stderr
    assert 'folder "passwordfile"' in r.stdout
