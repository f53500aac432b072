from piwizard.network import ssh_sessions

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
TCP = HEAD + (
    "   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n"
    "   1: 6401A8C0:0016 3201A8C0:D1A2 01 00000000:00000000 02:0000 00000000     0        0 2 4 0 20 4 1 10 -1\n"
    "   2: 6401A8C0:0050 3201A8C0:D1A4 01 00000000:00000000 02:0000 00000000     0        0 2 4 0 20 4 1 10 -1\n"
)
TCP6 = HEAD + (
    "   0: 0000000000000000FFFF0000C501A8C0:0016 0000000000000000FFFF00003201A8C0:D1A2 01 0:0 00:0 0 0 0 3 1 0 20 4 1\n"
)


def test_session_addresses_are_parsed(monkeypatch):
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    assert ssh_sessions.session_addresses(TCP) == ["192.168.1.100"]
    assert ssh_sessions.session_addresses(TCP6) == ["192.168.1.197"]
    assert ssh_sessions.session_addresses("") == []


def test_session_port_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("SSH_CONNECTION", "192.168.1.50 53666 192.168.1.100 80")
    assert ssh_sessions.session_addresses(TCP) == ["192.168.1.100"]
    assert ssh_sessions.session_addresses(TCP6) == []


def test_own_address_is_that_of_the_session_even_through_sudo(monkeypatch):
    monkeypatch.setattr(ssh_sessions.caller_env, "read_variable", lambda name: "192.168.1.50 53666 192.168.1.100 22")
    assert ssh_sessions.own_address() == "192.168.1.100"
    monkeypatch.setattr(ssh_sessions.caller_env, "read_variable", lambda name: None)
    assert ssh_sessions.own_address() == ""


def test_session_is_matched_by_address(tmp_path, monkeypatch):
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    (tmp_path / "tcp").write_text(TCP)
    tables = [str(tmp_path / "tcp"), str(tmp_path / "gone")]
    assert ssh_sessions.has_session_on(["192.168.1.100"], tables)
    assert not ssh_sessions.has_session_on(["192.168.1.101"], tables)


def test_login_command_names_the_user(monkeypatch):
    monkeypatch.setenv("SUDO_USER", "alex")
    assert ssh_sessions.login_command("192.168.1.197") == "ssh alex@192.168.1.197"
    monkeypatch.delenv("SUDO_USER")
    assert ssh_sessions.login_command("192.168.1.197") == "ssh 192.168.1.197"
