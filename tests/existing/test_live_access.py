"""On a real cluster: an account with the manifest's rights and no others, and with one less."""

import dataclasses

import pytest

from clusters import waiting
from clusters.existing import access, api, contexts, survey
from clusters.existing.wanted import Wanted
from clusters.ownership import RUN_LABEL
from tests.existing import lab
from tests.existing.accounts import collection, without

SPACES = {
    access.NAMESPACES: "",
    access.RUN: "",
    access.GATEWAY: "istio-system",
    access.ROOT: "istio-system",
}
ROLES = {one["metadata"]["name"]: one for one in access.roles()}
RIGHTS = [(role, right) for role in ROLES for right in access.needed({role: SPACES[role]})]


def wanted(account):
    return Wanted(context="account", kubeconfig=account, relay_image=lab.PYTHON)


def until_lacking(account, count):
    """Wait until the API server has noticed a change of roles."""
    mine = api.connect(contexts.Context(account, "account"))
    rights = access.needed(SPACES)
    waiting.until(
        lambda: len(access.lacking(mine, rights)),
        lambda seen: seen == count,
        what=f"{count} rights being missing",
        within=20,
        every=0.1,
    )
    mine.close()


def test_the_manifest_is_all_that_it_takes_to_look(account):
    until_lacking(account, 0)

    found = survey.look("latest", wanted(account))

    assert found.release.name == "1.31"
    assert found.versions.istiod == (lab.TAG,)


@pytest.mark.parametrize(("role", "right"), RIGHTS, ids=lambda one: str(one).replace(" ", "-"))
def test_a_right_that_is_missing_is_named_before_anything_is_created(admin, account, role, right):
    document = ROLES[role]
    path = f"{collection(document)}/{role}"
    twice = any(
        dataclasses.replace(right, namespace=each) in access.needed({other: SPACES[other]})
        for other in ROLES
        if other != role
        for each in ("", right.namespace)
    )
    admin.change(path, {"rules": without(document["rules"], right)})
    try:
        if twice:  # another role gives it as well
            until_lacking(account, 0)
            return
        until_lacking(account, 1)
        with pytest.raises(access.NotAllowed) as raised:
            survey.look("latest", wanted(account))
    finally:
        admin.change(path, {"rules": document["rules"]})

    assert str(raised.value).splitlines()[:2] == [
        "1 right is missing in account; nothing was created:",
        f"  {right}",
    ]
    assert not admin.items("/api/v1/namespaces", labelSelector=RUN_LABEL)


def test_an_account_without_any_role_is_told_all_of_them_at_once(admin, account):
    for role in ROLES.values():
        admin.change(f"{collection(role)}/{role['metadata']['name']}", {"rules": []})
    try:
        until_lacking(account, len({right for _, right in RIGHTS}))
        with pytest.raises(access.NotAllowed, match="rights are missing in account") as raised:
            survey.look("latest", wanted(account))
    finally:
        for role in ROLES.values():
            admin.change(f"{collection(role)}/{role['metadata']['name']}", {"rules": role["rules"]})

    assert all(f"\n  {right}\n" in str(raised.value) for _, right in RIGHTS)


def test_a_token_that_the_cluster_does_not_know_is_told_as_such(account, tmp_path):
    path = tmp_path / "kubeconfig"
    text = account.read_text()
    path.write_text(text.replace("token: ", "token: x"))

    with pytest.raises(access.NotAllowed, match=r"does not know who asks .*401"):
        survey.look("latest", wanted(path))
