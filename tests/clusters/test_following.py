"""Logs are read line by line while they grow."""

from clusters.following import Follower


def test_a_line_comes_once_and_only_when_it_is_whole(tmp_path):
    log = tmp_path / "log"
    follower = Follower(log)
    assert list(follower.new_lines()) == []

    log.write_bytes(b"one\ntwo\nthr")
    assert list(follower.new_lines()) == ["one", "two"]
    with log.open("ab") as file:
        file.write(b"ee \xff\n")
    assert list(follower.new_lines()) == ["three \ufffd"]
    assert list(follower.new_lines()) == []
