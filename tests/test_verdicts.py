"""Claims as they are stated, and the verdicts that made-up records lead to."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats
from synthetic import BETAS, seal, write_calibration, write_record

from experiments.vib import embedding
from reproduce import claims, record
from reproduce.claims import of_part, stated
from reproduce.claims.of_part import _cases, _corrected, best
from reproduce.claims.plan import planned
from reproduce.claims.verdict import decided
from reproduce.record import store

TARGETS = {"VIB-T1": {"what": "a table", "notebook": "vib/mnist"}, "VIB-F3": {"what": "later"}}
CLAIM = {
    "id": "VIB-T1-1",
    "statement": "VIB errs less.",
    "source": "Table 1",
    "target": "VIB-T1",
    "family": "alemi2017deep",
    "unit": "network",
    "profiles": ["laptop"],
    "seeds": 3,
    "test": {
        "kind": "difference",
        "metric": "error",
        "split": "test",
        "first": {"method": "vib"},
        "second": {"method": "baseline"},
        "alternative": "less",
    },
}


def claim(*, test=None, **changes):
    own = {"profiles": ("laptop",), "test": {**CLAIM["test"], **(test or {})}}
    return claims.Claim(**{**CLAIM, **own, **changes})


def table(profile="laptop", *, seeds=5, gap=0.002, **columns):
    noise = np.random.default_rng(0)
    made = [
        {
            "target": "VIB-T1",
            "method": method,
            "bottleneck": np.nan,
            "beta": np.nan,
            "epoch": np.nan,
            "seed": seed,
            "split": "test",
            "metric": "error",
            "value": mean + 1e-4 * noise.normal(),
            "unit": "1",
            "profile": profile,
            "device": "CPU",
            "run": "r",
        }
        for method, mean in (("vib", 0.012), ("baseline", 0.012 + gap))
        for seed in range(seeds)
    ]
    return {"VIB-T1": pd.DataFrame(made).assign(**columns)}


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "results_root", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def state(tmp_path, monkeypatch):
    """Return a function that puts claims into a project of their own."""
    monkeypatch.setattr(stated, "project_root", lambda: tmp_path)
    (tmp_path / "book" / "claims").mkdir(parents=True)
    (tmp_path / "book" / "families.yaml").write_text("alemi2017deep: A paper")

    def put(*entries):
        path = tmp_path / "book" / "claims" / "vib.yaml"
        path.write_text(yaml.safe_dump({"targets": TARGETS, "claims": list(entries)}))
        return claims.load("vib")

    return put


@pytest.mark.parametrize(
    ("gap", "status"),
    [(0.002, "reproduced"), (-0.002, "contradicted"), (0.0, "undecided")],
)
def test_a_verdict_follows_the_record(gap, status):
    found = claims.verdict(claim(), table(gap=gap))
    assert found.status == status
    assert found.label == f"{status} (laptop)"
    assert found.n == 5
    assert found.effect == pytest.approx(-gap, abs=2e-4)


def test_arms_with_the_same_seeds_are_paired():
    tables = table()
    rows = tables["VIB-T1"]
    shared = np.tile(np.linspace(0, 0.1, 5), 2)  # what a seed does to both arms
    tables["VIB-T1"] = rows.assign(value=rows["value"] + shared)
    assert claims.verdict(claim(), tables).status == "reproduced"
    other = rows["seed"].where(rows["method"] == "vib", rows["seed"] + 9)
    tables["VIB-T1"] = tables["VIB-T1"].assign(seed=other)
    assert claims.verdict(claim(), tables).status == "undecided"


@pytest.mark.parametrize(
    ("given", "note"),
    [
        ({}, "needs a record: laptop"),
        (table("paper"), "needs a record: laptop"),
        (table("smoke"), "needs a record: laptop"),
        (table(seeds=0), "needs a record: laptop"),
    ],
)
def test_what_is_not_run_says_what_is_missing(given, note):
    found = claims.verdict(claim(), given)
    assert (found.status, found.note, found.label) == ("not run", note, "not run")


def test_an_arm_without_any_unit_leaves_a_claim_not_run():
    rows = table()["VIB-T1"]
    found = claims.verdict(claim(), {"VIB-T1": rows[rows["method"] == "vib"]})
    assert (found.label, found.n) == ("not run", 0)
    assert found.note == "needs 3 seeds of baseline, has 0 at the profile laptop"


def test_too_few_units_leave_a_claim_undecided_and_say_how_many_it_takes():
    found = claims.verdict(claim(), table(seeds=2))
    assert found.label == "undecided (laptop)" and not found.tested and found.units == "-"
    assert found.shown == "2 of 3 units: needs 3 seeds of vib, has 2"


def test_a_withdrawn_claim_is_not_tested_where_its_record_is():
    gone = claim(withdrawn="its gradients were rounded to zero")
    found = claims.verdict(gone, table())
    assert found.label == "withdrawn (laptop)" and not found.tested
    assert found.shown == "to be run again, because its gradients were rounded to zero"
    assert claims.verdict(gone, {}).status == "not run"


@pytest.mark.parametrize(
    ("corrected", "p", "against", "status"),
    [
        (0.04, 0.01, 1.0, "reproduced"),
        (0.04, 1.0, 0.01, "contradicted"),
        (0.06, 0.01, 1.0, "leaning for"),
        (0.06, 1.0, 0.01, "leaning against"),
        (0.30, 0.06, 1.0, "undecided"),
    ],
)
def test_the_status_follows_the_corrected_and_the_raw_p_value(corrected, p, against, status):
    raw = claims.Verdict(claim(), "", "laptop", effect=1.0, n=2, p=p, against=against)
    assert decided(replace(raw, corrected=corrected)).status == status


def test_an_interval_on_one_side_is_never_called_undecided(results):
    """Of a direction, the interval excludes the margin exactly when the raw test rejects."""
    write_record(results, "laptop", seeds=3)
    judged = [v for v in claims.verdicts("vib", profile="laptop") if v.tested]
    simple = [v for v in judged if v.claim.test["kind"] == "difference" and not v.note]
    assert len(simple) > 5
    for v in simple:
        margin = v.claim.test.get("margin", 1.0 if v.unit == "ratio" else 0.0)
        assert (v.low > margin or v.high < margin) == (v.status != "undecided"), v.claim.id


def test_an_untestable_claim_stays_so():
    found = claims.verdict(claim(untestable="no value is printed"), table())
    assert (found.label, found.note) == ("untestable", "no value is printed")


@pytest.mark.parametrize(
    ("test", "columns", "message"),
    [
        ({"metric": "eror"}, {}, "no metric 'eror'"),
        ({"split": "valid"}, {}, "no split 'valid'"),
        ({"first": {"width": 3}}, {}, "'width' is no factor"),
        ({"unit": "bit"}, {}, "not in nats"),
        ({}, {"seed": 0}, "two values"),
        ({}, {"unit": None}, "must have the columns"),
    ],
)
def test_a_claim_that_does_not_fit_the_table_raises(test, columns, message):
    tables = table(**columns)
    if message == "must have the columns":
        tables["VIB-T1"] = tables["VIB-T1"].drop(columns="unit")
    with pytest.raises(ValueError, match=message):
        claims.verdict(claim(test=test), tables)


def test_tables_of_several_profiles_raise():
    mixed = {"VIB-T1": pd.concat([table()["VIB-T1"], table("paper")["VIB-T1"]])}
    with pytest.raises(ValueError, match="mix the profiles"):
        claims.verdict(claim(), mixed)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": "VIB-T9"}, "unknown target 'VIB-T9'"),
        ({"target": "VIB-F3"}, "unknown target 'VIB-F3'"),
        ({"profiles": ["smoke"]}, "smoke"),
        ({"seeds": 1}, "too few"),
        ({"family": None}, "lacks \\['family'\\]"),
        ({"unit": ""}, "lacks \\['unit'\\]"),
        ({"profiles": []}, "lacks \\['profiles'\\]"),
        ({"family": "somebody2020"}, "family 'somebody2020'"),
        ({"unit": "layer"}, "unit 'layer'"),
        ({"colour": "red"}, "unknown fields \\['colour'\\]"),
        ({"test": {**CLAIM["test"], "kind": "vibes"}}, "kind 'vibes'"),
        ({"test": {**CLAIM["test"], "margn": 0.1}}, "margn"),
        ({"test": {"kind": "difference", "metric": "error", "split": "test"}}, "lacks"),
        ({"test": {**CLAIM["test"], "first": {"beta": "1e-3"}}}, "'1e-3' is text"),
    ],
)
def test_a_claim_that_cannot_be_judged_raises(state, changes, message):
    assert state(CLAIM)[0].profiles == ("laptop",)
    with pytest.raises(ValueError, match=message):
        state({**CLAIM, **changes})


def test_a_claim_stated_twice_raises(state):
    with pytest.raises(ValueError, match="stated twice"):
        state(CLAIM, CLAIM)


def test_a_paper_with_too_many_primary_claims_raises(state):
    many = [{**CLAIM, "id": f"VIB-T1-{i}", "primary": True} for i in range(11)]
    assert sum(claim.primary for claim in state(*many[:10])) == 10
    with pytest.raises(ValueError, match="more than 10 claims are primary"):
        state(*many)


def test_an_unknown_part_or_profile_raises():
    with pytest.raises(ValueError, match=r"part must be one of .*'vib'.*, got 'vibe'"):
        claims.load("vibe")
    with pytest.raises(ValueError, match=r"part must be one of .*'vib'.*, got 'vibe'"):
        claims.paper_values("vibe")
    with pytest.raises(ValueError, match=r"profile must be one of .*, got 'smoke'"):
        claims.verdicts("vib", profile="smoke")


def test_without_a_record_nothing_of_deep_vib_is_decided(results):
    found = claims.verdicts("vib")
    assert {v.label for v in found} == {"not run", "untestable"}


def test_a_full_record_decides_the_claims_of_deep_vib(results):
    """The made-up numbers follow the paper's statements but for these."""
    write_record(results, "paper", seeds=5)
    found = {v.claim.id: v for v in claims.verdicts("vib")}
    against = {"VIB-T1-7", "VIB-F1c-3", "VIB-F2-5"}
    targets = claims.targets("vib")
    found = {n: v for n, v in found.items() if targets[v.claim.target].notebook == "vib/mnist"}
    for name, v in found.items():
        if name == "VIB-F1d-6":
            assert v.label == "not run"  # a claim about short training
        elif name == "VIB-F1a-7":
            assert v.label == "untestable"
        elif name in against:
            assert v.status not in ("reproduced", "leaning for"), (name, v.shown)
        else:
            assert v.label == "reproduced (paper)", (name, v.shown, v.p)


def test_the_most_faithful_profile_that_can_judge_a_claim_does(results):
    write_record(results, "laptop", seeds=3)
    before = {v.claim.id: v for v in claims.verdicts("vib")}
    folder = write_record(results, "paper", seeds=3)
    for path in folder.glob("VIB-*.csv"):  # Table 1 alone reaches the paper's settings
        if path.stem != "VIB-T1":
            path.unlink()
    seal(folder, json.loads((folder / "run.json").read_text()))
    after = {v.claim.id: v for v in claims.verdicts("vib")}
    assert before["VIB-T1-2"].profile == "laptop"
    assert after["VIB-T1-2"].profile == "paper"
    same = (replace(v["VIB-F1a-3"], corrected=0.0) for v in (before, after))
    assert next(same) == next(same), "the correction is over what is shown, and so has changed"
    assert before["VIB-T1-10"].note == "needs a record: paper"
    assert after["VIB-T1-10"].profile == "paper"


def test_verdicts_are_corrected_over_the_claims_of_a_paper_judged_at_a_profile(results):
    """Benjamini and Hochberg by SciPy over the secondary ones, Holm's least one by hand."""
    write_record(results, "laptop", seeds=3)
    judged = [v for v in claims.verdicts("vib", profile="laptop") if v.tested]
    others = [v for v in judged if not v.claim.primary]
    doubled = [min(1.0, 2 * v.raw) for v in others]
    twin = stats.false_discovery_control(doubled, method="bh")
    assert [v.corrected for v in others] == pytest.approx(list(twin))
    primary = [v for v in judged if v.claim.primary]
    least = min(primary, key=lambda v: v.raw)
    assert least.corrected == pytest.approx(min(1.0, len(primary) * 2 * least.raw))
    assert others and len(primary) > 1


def test_claims_of_one_paper_in_two_parts_are_one_family(results):
    """Two claims of Deep InfoMax stand with the foundations."""
    write_calibration(results, "laptop", seeds=5)
    foundations = claims.verdicts("foundations", profile="laptop")
    assert {v.claim.family for v in foundations} == {"foundations", "hjelm2019learning"}
    assert not any(v.tested for v in claims.verdicts("infomax", profile="laptop"))


def test_a_chapters_table_holds_the_ledgers_verdicts_of_chosen_claims(results):
    write_record(results, "laptop", seeds=3)
    found = {v.claim.id: v for v in claims.verdicts("vib")}
    head, _, *rows = claims.report("vib", "VIB-T1-1", "VIB-T1-2", "VIB-F1b-1").splitlines()
    assert [row.split(" | ")[0].strip("| ") for row in rows] == [
        "VIB-T1-1",
        "VIB-T1-2",
        "VIB-F1b-1",
    ]
    (row,) = [row for row in rows if "VIB-T1-2 " in row]
    verdict = found["VIB-T1-2"]
    assert f"{{ref}}`{verdict.label} <claim-vib-t1-2>`" in row and verdict.shown in row
    assert row.rstrip(" |").endswith(" 3") and head.rstrip(" |").endswith("units")
    *table, _, below = claims.report("vib").splitlines()
    waiting = [name for name, v in found.items() if v.status == "not run"]
    assert len(table) == 2 + len(found) - len(waiting)
    assert below.startswith(f"{len(waiting)} more") and below.count("{ref}") == len(waiting)
    assert all(f"`{name} <claim-{name.lower()}>`" in below for name in waiting)
    with pytest.raises(ValueError, match="VIB-T9"):
        claims.report("vib", "VIB-T9")


def test_ellipses_and_entropies_are_those_of_the_codes():
    mean, label = np.array([[0.0, 0.0], [0.0, 2.0]]), np.array([3, 7])
    factors = np.stack([0.5 * np.eye(2)] * 2)
    expected = np.pi * -2 * np.log(0.05) * 0.25 / 4
    assert embedding.relative_area(mean, factors, label) == pytest.approx(expected)
    assert embedding.relative_area(3 * mean, 3 * factors, label) == pytest.approx(expected)
    even = embedding.decoder_entropy(np.zeros((1, 2)), np.ones((10, 2)), np.zeros(10))
    assert even == pytest.approx([np.log(10)])


def test_measured_codes_widen_with_beta_and_are_surest_at_their_centres(results):
    write_record(results, "laptop", seeds=1)
    rows, arrays = record.table("VIB-F2"), record.arrays("VIB-F2")
    found = embedding.measure(rows, arrays).pivot_table(
        index="beta", columns="metric", values="value"
    )
    assert found["relative_area"].is_monotonic_increasing
    assert (found["entropy_centres"] < found["entropy_midway"]).all()
    assert set(found.index) < set(BETAS)
    assert not len(embedding.measure(rows, {}))


def test_information_is_shown_in_nats_where_the_claim_says_so():
    test = {"first": {"method": "vib"}, "second": {"method": "baseline"}}
    rows = table(gap=1.0, unit="nat")
    plain, named = (
        claims.verdict(claim(test={**test, **unit}), rows) for unit in ({}, {"unit": "nat"})
    )
    assert plain.shown.startswith("-1.4427 bits")  # 1 nat is 1.44 bits
    assert named.shown.startswith("-1.0000 nats")


def judged_within(test, rows):
    """Return the verdict of a correlation on rows with a layer, a group and two metrics."""
    own = {"kind": "correlation", "metric": "y", "split": "test", "x": {"metric": "x"}}
    rows = pd.DataFrame(rows).assign(target="VIB-T1", split="test", unit="1", profile="laptop")
    plain = claims.Claim(**{**CLAIM, "profiles": ("laptop",), "seeds": 1, "test": own | test})
    return claims.verdict(plain, {"VIB-T1": rows.assign(device="CPU", run="r")})


def test_a_correlation_is_judged_where_and_within_what_a_claim_says():
    """Layer 2 rises within groups and falls between them; layer 1 falls."""
    rows = [
        dict(layer=layer, group=group, seed=seed, metric=metric, value=value)
        for layer in (1, 2)
        for group, shift in (("a", 0.0), ("b", 100.0))
        for seed in range(8)
        for metric, value in (("x", seed + shift), ("y", (layer == 2) * 2 * seed - seed - shift))
    ]
    assert judged_within({"where": {"layer": 1}}, rows).status == "contradicted"
    assert judged_within({"where": {"layer": 2}}, rows).status == "contradicted"
    found = judged_within({"where": {"layer": 2}, "within": "group"}, rows)
    assert found.status == "reproduced" and found.effect == pytest.approx(1.0)
    absent = judged_within({"kind": "uncorrelated", "margin": 0.2, "where": {"layer": 1}}, rows)
    assert absent.status == "contradicted"
    for test, name in (({"where": {"depth": 1}}, "depth"), ({"within": "tribe"}, "tribe")):
        with pytest.raises(ValueError, match=f"'{name}' is no factor"):
            judged_within(test, rows)


def test_several_values_of_one_network_need_a_cluster():
    """Seven networks whose second layer exceeds the first are seven units, not fourteen."""
    rows = [
        dict(layer=layer, seed=seed, metric="y", value=seed + 0.1 * layer)
        for layer in (1, 2)
        for seed in range(7)
    ]
    with pytest.raises(ValueError, match="several values of one network; name its cluster"):
        judged_within({"x": "layer"}, rows)
    found = judged_within({"x": "layer", "cluster": ["seed"]}, rows)
    assert found.n == 7 and found.p == pytest.approx(2 / 128)
    few = judged_within({"x": "layer", "cluster": ["seed"]}, [r for r in rows if r["seed"] < 6])
    assert (few.status, few.note) == (
        "undecided",
        "6 of 7 units: needs 7 independent units, has 6",
    )


def test_layers_of_one_network_are_no_levels_of_an_order():
    rows = [
        dict(layer=layer, seed=seed, metric="y", value=float(layer))
        for layer in (1, 2)
        for seed in range(3)
    ]
    test = {"kind": "ordering", "factor": "layer", "order": [2, 1]}
    with pytest.raises(ValueError, match="levels of 'layer' share their networks"):
        judged_within(test, rows)


def test_members_without_the_factor_of_a_correlation_do_not_count():
    rows = [
        dict(beta=beta, seed=seed, metric="y", value=float(seed))
        for seed, beta in enumerate([0.1, 0.2, 0.3, 0.4, None, None])
    ]
    found = judged_within({"x": "beta"}, rows)
    assert (found.status, found.note) == (
        "undecided",
        "4 of 5 units: needs 5 independent units, has 4",
    )


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ((0.0128, 0.0120, 0.0137), "1.28 % [1.20, 1.37]"),
        ((0.999961, 0.999953, 0.999969), "99.996 % [99.995, 99.997]"),
        ((0.5, 0.5, 0.5), "50.00 % [50.00, 50.00]"),
    ],
)
def test_an_interval_that_is_no_point_does_not_print_as_one(values, shown):
    effect, low, high = values
    found = claims.Verdict(claim(), "reproduced", "laptop", effect, low, high, unit="1")
    assert found.shown.replace(" points", " %") == shown


@pytest.mark.parametrize("mean", [0.0, 9.0])
def test_the_level_that_is_named_is_that_of_the_interval(mean):
    sample = mean + np.random.default_rng(0).normal(size=8)
    found = claims.equivalence(sample, low=-2.0, high=2.0)
    exact = stats.ttest_1samp(sample, 0).confidence_interval(found.level)
    assert (found.low, found.high) == pytest.approx(tuple(exact))
    assert found.level == pytest.approx(0.9 if mean == 0 else 0.95)
    named = claims.Verdict(claim(), "", effect=1.0, low=0.0, high=2.0, unit="rank", level=0.9)
    assert named.shown == "1.00 [0.00, 2.00] (90 %)"


@pytest.mark.parametrize(
    ("units", "p", "status"),
    [(2, 0.001, "reproduced"), (1, 0.001, "leaning for"), (1, 0.999, "leaning against")],
)
def test_an_arm_of_one_unit_leans_and_decides_nothing(units, p, status):
    """All of its spread is lent by other arms, which may be steadier."""
    v = claims.Verdict(claim(), "undecided", "laptop", 1.0, n=units, p=p, against=1 - p)
    assert decided(replace(v, corrected=0.01)).status == status


def test_a_null_claim_more_in_a_family_can_only_make_its_p_values_larger():
    """By Benjamini and Hochberg each times 3 / 2 here; a primary claim by Holm times two."""
    raw = {"a": 0.02, "b": 0.02, "c": 0.02}
    tested = {
        name: claims.Verdict(claim(primary=name == "c"), "", "laptop", 1.0, n=2, p=p, against=1.0)
        for name, p in raw.items()
    }
    assert _corrected(tested) == pytest.approx({"a": 0.04, "b": 0.04, "c": 0.04})
    more = _corrected(tested, nulls=True)
    assert {name: more[name] for name in raw} == pytest.approx({"a": 0.06, "b": 0.06, "c": 0.08})


def test_cases_are_those_of_one_quantity_on_test_images():
    known = {"VIB-T1": claims.Target("VIB-T1", "", "vib/mnist", cases={"laptop": 100})}
    assert _cases(claim(), known, "laptop") == 100
    assert _cases(claim(test={"split": "train"}), known, "laptop") is None
    other = {"first": {"method": "vib", "metric": "error_12"}}
    assert _cases(claim(test=other), known, "laptop") is None


def test_the_plan_follows_spread_cases_and_pairing():
    bound = {"kind": "difference", "metric": "m", "split": "test", "first": {}, "margin": 0.95}
    own = replace(claim(), test=bound)
    v = claims.Verdict(own, "", effect=0.97, spread=0.1, unit="1", cases=10)
    assert v.plan == str(planned(own, 0.1, cases=10)) != str(planned(own, 0.1))
    assert replace(v, unit="nat").plan == str(planned(own, 0.1))  # no share of cases
    gap = replace(own, test=bound | {"second": {}, "margin": 0.1})
    for paired in (True, False):
        found = claims.Verdict(gap, "", effect=0.1, spread=0.1, unit="1", paired=paired)
        assert found.plan == str(planned(gap, 0.1, paired=paired))
    ranked = replace(
        own, test={"kind": "correlation", "metric": "m", "split": "test", "x": "beta"}
    )
    assert claims.Verdict(ranked, "", effect=0.5, unit="rank").plan == str(planned(ranked, 0.0))


def test_the_first_verdict_that_was_tested_counts_or_else_the_first_with_a_record():
    own = claim(profiles=("laptop", "paper"))
    missing = claims.Verdict(own, "not run", note="needs a record: laptop or paper")
    short = claims.Verdict(own, "not run", note="no record of vib at the profile paper")
    few = claims.Verdict(own, "undecided", "laptop", n=1, note="1 of 3 units")
    tested = [claims.Verdict(own, "", name, effect=1.0, n=3) for name in ("paper", "laptop")]
    assert best((missing, *tested)) is tested[0] and best((few, tested[1])) is tested[1]
    assert best((missing, few, short)) is few and best((missing, short)) is short
    assert best((missing, replace(missing))) is missing


@pytest.fixture
def of_parts(monkeypatch):
    """Return a function from p-values by part to the verdicts of the first part."""

    def found(parts):
        made = {
            part: [
                claims.Verdict(claim(id=f"{part}-{i}"), "", "laptop", 1.0, n=3, p=p, against=1.0)
                for i, p in enumerate(values)
            ]
            for part, values in parts.items()
        }
        monkeypatch.setattr(of_part, "parts", lambda: [*made])
        monkeypatch.setattr(of_part, "load", lambda part: [v.claim for v in made[part]])
        monkeypatch.setattr(of_part, "_raw", lambda part, profile: made[part])
        return claims.verdicts(next(iter(parts)), profile="laptop")

    return found


def test_claims_shown_at_different_profiles_are_corrected_together(monkeypatch):
    """What is shown mixes profiles; 0.01 doubles for its looks, and 3 primary claims stand there.

    Holm over one profile alone, with one and with two claims, would decide all three.
    """
    names = {"paper": ["a"], "laptop": ["a", "b", "c"], "gpu": []}
    own = [claim(id=name, primary=True, profiles=(*claims.JUDGED,)) for name in "abc"]

    def raw(part, profile):
        judged = {name: 0.01 for name in names[profile]}
        return [
            claims.Verdict(c, "", profile, 1.0, n=3, p=judged[c.id], against=1.0)
            if c.id in judged
            else claims.Verdict(c, "not run")
            for c in own
        ]

    monkeypatch.setattr(of_part, "parts", lambda: ["one"])
    monkeypatch.setattr(of_part, "load", lambda part: own)
    monkeypatch.setattr(of_part, "_raw", raw)
    found = claims.verdicts("one")
    assert [v.profile for v in found] == ["paper", "laptop", "laptop"]
    assert [v.corrected for v in found] == pytest.approx([3 * 2 * 0.01] * 3)
    assert {v.status for v in found} == {"leaning for"}
    rows = of_part.by_profile("one")
    assert [of_part.best(row) for row in rows] == found
    replication = next(v for v in rows[0] if v.profile == "laptop")
    assert replication.corrected == pytest.approx(3 * 2 * 0.01)
    (alone,) = [v for v in claims.verdicts("one", profile="paper") if v.tested]
    assert alone.corrected == pytest.approx(2 * 0.01) and alone.status == "reproduced"


def test_a_verdict_is_narrow_where_one_claim_more_would_undo_it(of_parts):
    """By Benjamini and Hochberg 0.04 becomes 0.06, and 0.002 becomes 0.003."""
    found = of_parts({"one": [0.02, 0.02]})
    assert [(v.status, v.narrow) for v in found] == [("reproduced", True)] * 2
    assert [v.narrow for v in of_parts({"one": [0.001, 0.001]})] == [False] * 2


def test_claims_of_the_same_paper_in_another_part_are_paid_for(of_parts):
    (alone,) = of_parts({"one": [0.02]})
    (found,) = of_parts({"one": [0.02], "other": [1.0]})
    assert (alone.corrected, found.corrected) == pytest.approx((0.04, 0.08))
    assert (alone.status, found.status) == ("reproduced", "leaning for")
