"""The first start and those after it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from llmhub.lib import clock
from llmhub.people.models import Role, User
from llmhub.up import prepare


@pytest.mark.django_db
def test_the_first_start_makes_an_owner_without_a_password_and_a_link():
    sign_in = prepare.first_sign_in()

    owner = User.objects.get()
    assert (owner.email, owner.role) == (prepare.OWNER, Role.OWNER)
    assert not owner.has_usable_password()
    assert Client().get(sign_in.path).status_code == 200


@pytest.mark.django_db
def test_each_start_makes_a_new_link_until_an_owner_signs_in():
    first, second = prepare.first_sign_in(), prepare.first_sign_in()
    assert first != second
    assert User.objects.count() == 1

    User.objects.update(last_login=clock.now())

    assert prepare.first_sign_in() is None


@pytest.mark.django_db
def test_an_owner_made_by_hand_gets_the_link_and_no_other_is_made():
    User.objects.create(email="ada@example.com", role=Role.OWNER)

    sign_in = prepare.first_sign_in()

    assert sign_in.email == "ada@example.com"
    assert [user.email for user in User.objects.all()] == ["ada@example.com"]


@pytest.mark.django_db
def test_somebody_who_signed_in_as_viewer_does_not_take_the_owners_link_away():
    User.objects.create(email="viewer@example.com", role=Role.VIEWER, last_login=clock.now())

    assert prepare.first_sign_in()


@pytest.mark.django_db
@pytest.mark.parametrize(("left_out", "is_refused"), [(0, False), (1, True), (20, True)])
def test_a_database_that_is_older_than_the_first_migrations_is_refused_untouched(left_out, is_refused):
    replaced = MigrationLoader(None).disk_migrations["billing", "0001_squashed"].replaces
    recorder = MigrationRecorder(connection)
    for app, name in [("billing", "0001_squashed"), *replaced[len(replaced) - left_out :]]:
        recorder.record_unapplied(app, name)

    if is_refused:
        with pytest.raises(ValueError, match=r"without billing\.0021_.*nothing was changed"):
            prepare.prepare_database()
    else:
        prepare.prepare_database()

    assert (("billing", "0001_squashed") in recorder.applied_migrations()) is not is_refused


def test_static_files_are_collected_once_and_again_after_a_change(settings, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "page.css").write_text("body { color: red }\n" * 50)
    settings.HOME, settings.STATIC_ROOT, settings.STATICFILES_DIRS = tmp_path, tmp_path / "static", [source]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    prepare.collect_static_files()
    (tmp_path / "static" / "page.css").unlink()

    prepare.collect_static_files()
    assert not (tmp_path / "static" / "page.css").exists()  # nothing changed, nothing done

    (source / "page.css").write_text("body { color: blue }\n" * 50)
    prepare.collect_static_files()
    assert "blue" in (tmp_path / "static" / "page.css").read_text()
    assert list((tmp_path / "static").glob("page.*.css.br"))
