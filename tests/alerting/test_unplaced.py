"""Posts that name no place and the one live alert of their rule and topic."""

import datetime as dt

from tests.alerting.world import World

CITY, DISTRICT, OTHER = "370100", "370102", "440100"
MINUTE = dt.timedelta(minutes=1)


def groups(world: World) -> list[str]:
    return sorted(alert.group_key.partition("|region:")[2] for alert in world.alerts())


def test_a_post_without_a_place_joins_the_one_live_alert(world: World) -> None:
    world.rule()
    engine = world.engine()
    world.post(regions=(CITY, DISTRICT))
    engine.step()
    world.post(regions=())
    engine.step()
    assert groups(world) == [CITY]
    assert world.alert().documents == 2


def test_an_alert_learns_its_place_from_the_first_post_that_names_one(world: World) -> None:
    world.rule()
    engine = world.engine()
    world.post(regions=())
    engine.step()
    world.post(regions=(CITY,))
    engine.step()
    assert groups(world) == [CITY]
    assert world.alert().documents == 2


def test_two_cities_keep_their_own_alerts_and_the_unplaced_post_opens_a_third(world: World) -> None:
    world.rule()
    engine = world.engine()
    for regions in ((CITY,), (OTHER,), ()):
        world.post(regions=regions)
        engine.step()
    assert groups(world) == ["-", CITY, OTHER]


def test_after_a_day_without_news_an_unplaced_post_is_another_matter(world: World) -> None:
    world.rule()
    engine = world.engine()
    world.post(regions=(CITY,))
    engine.step()
    world.clock.advance(dt.timedelta(days=1) + MINUTE)
    world.post(regions=())
    engine.step()
    assert groups(world) == ["-", CITY]
