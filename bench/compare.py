#!/usr/bin/env python3
"""Compares cairn_bench with PyTorch on the cases that both have.

For every case the two programs run alternately, ours before each run of the peer, and the peer runs with each of its
settings in turn (see the docstring of peers/torch_cpu.py). Ours counts with the median of its medians, the peer with
the setting whose median of medians is best. A ratio above 1 means that ours is faster.

  bench/compare.py --only 'gemm_nn|train/resnet' --rounds 3 --out results.json

On a machine that others use as well, medians say little: wait, or compare the shortest runs with --use min.
"""
import argparse
import datetime
import json
import math
import os
import platform
import re
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
PEER = os.path.join(HERE, "peers", "torch_cpu.py")

PASSIVE = {"OMP_WAIT_POLICY": "passive"}
AVX512 = {"ATEN_CPU_CAPABILITY": "avx512"}
MALLOC = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=1073741824:"
                            "glibc.malloc.trim_threshold=17179869184"}
PEAKS = ("peak_flops_one_thread", "peak_flops", "triad_plain", "triad_streaming")  # in the context of cairn_bench
FOUR_DIMENSIONAL = re.compile(r"conv_|batchnorm|maxpool|x32x32|resnet")


class Failure(Exception):
    """Shown to the user without a traceback."""


def processor():
    model, flags = platform.processor() or "unknown", []
    try:
        with open("/proc/cpuinfo") as lines:
            for line in lines:
                key, _, value = line.partition(":")
                if key.strip() == "model name":
                    model = value.strip()
                elif key.strip() == "flags":
                    flags = [f for f in value.split() if re.match(r"avx|fma|f16c|bmi|amx", f)]
                    break
    except OSError:
        pass
    return model, flags


def settings(case, flags, torch_version):
    """name -> (environment, options) of each setting in which the peer runs this case."""
    every = {**PASSIVE, **MALLOC}
    found = {"default": ({}, []), "passive": (PASSIVE, []), "malloc": (MALLOC, [])}
    if "avx512f" in flags:
        found["avx512"] = (AVX512, [])
        every.update(AVX512)
    found["all"] = (every, [])
    if FOUR_DIMENSIONAL.search(case):
        found["channels-last"] = ({}, ["--channels-last"])
        found["all, channels-last"] = (every, ["--channels-last"])
    if int(torch_version.split(".")[0]) >= 2 and re.match("train/|op/", case):
        found["compile"] = ({}, ["--compile"])
    return found


def clean_environment(threads):
    """Ours, without the variables that a setting may choose."""
    env = {k: v for k, v in os.environ.items() if k not in {**PASSIVE, **AVX512, **MALLOC}}
    env["OMP_NUM_THREADS"] = str(threads)
    return env


def run(command, env=None):
    try:
        done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    except OSError as error:
        raise Failure("cannot run %s: %s" % (command[0], error.strerror)) from error
    return done.returncode, done.stdout, done.stderr


def checked(command, env=None):
    code, out, err = run(command, env)
    if code:
        raise Failure("%s failed with status %d:\n%s" % (" ".join(command), code, err.strip() or out.strip()))
    return out


def torch_version_of(python):
    code, out, err = run([python, "-c", "import torch; print(torch.__version__)"])
    if code:
        last = (err.strip().splitlines() or ["no message"])[-1]
        raise Failure("%s cannot import torch (%s).\nInstall it (Debian: python3-torch) or name another interpreter with "
                      "--peer-python." % (python, last))
    return out.strip()


def run_ours(args, case):
    """The result of one case, and the context with the machine's peak."""
    out = checked([args.bench, "--threads=%d" % args.threads, "--benchmark_format=json",
                   "--benchmark_min_time=%g" % args.min_time, "--benchmark_filter=^%s$" % case], clean_environment(args.threads))
    report = json.loads(out)
    return report["benchmarks"][0], report["context"]


def run_peer(args, case, env, options):
    """The result of one case in one setting; None where the peer cannot run it."""
    out = checked([args.peer_python, PEER, "--threads", str(args.threads), "--min-time", str(args.min_time), "--only",
                   "^%s$" % re.escape(case), *options], {**clean_environment(args.threads), **env})
    result = json.loads(out.splitlines()[-1])
    return None if "skipped" in result else result


def compare(args, case, flags, torch_version):
    field = args.use + "_s"
    ours, peer, contexts = [], {}, []
    for _ in range(args.rounds):
        for name, (env, options) in settings(case, flags, torch_version).items():
            if not re.search(args.settings, name):
                continue
            result, context = run_ours(args, case)
            ours.append(result[field])
            contexts.append(context)
            theirs = run_peer(args, case, env, options)
            if theirs:
                peer.setdefault(name, []).append(theirs[field])
    if not peer:
        return None, None
    best = min(peer, key=lambda name: statistics.median(peer[name]))
    row = {"case": case, "ours_s": statistics.median(ours), "peer_s": statistics.median(peer[best]), "peer_setting": best,
           "ours_all_s": ours, "peer_all_s": peer}
    row["ratio"] = row["peer_s"] / row["ours_s"]
    peak = {key: max(float(c[key]) for c in contexts) for key in PEAKS}
    limit = peak["peak_flops"] if "flop/s" in result else max(peak["triad_plain"], peak["triad_streaming"])
    rate = result.get("flop/s", result.get("byte/s"))
    row["of_peak"] = rate * result["median_s"] / row["ours_s"] / limit if rate else None
    return row, peak


def print_row(row):
    share = "%5.1f %%" % (100 * row["of_peak"]) if row["of_peak"] is not None else ""
    print("%-44s %11.4g %11.4g  %-20s %6.2f  %8s" % (row["case"], 1e3 * row["ours_s"], 1e3 * row["peer_s"],
                                                     row["peer_setting"], row["ratio"], share), flush=True)


def git_revision():
    code, out, _ = run(["git", "-C", ROOT, "describe", "--always", "--dirty"])
    return out.strip() if code == 0 else "unknown"


def common_cases(args):
    ours = checked([args.bench, "--benchmark_list_tests=true"]).split()
    theirs = set(checked([args.peer_python, PEER, "--list"]).split())
    found = [c for c in ours if c in theirs and re.search(args.only, c)]
    if not found:
        raise Failure("no common case matches %r" % args.only)
    return found


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", default=os.path.join(ROOT, "build", "release", "bench", "cairn_bench"))
    parser.add_argument("--peer-python", default="/usr/bin/python3", metavar="PYTHON", help="an interpreter that has torch")
    parser.add_argument("--only", default="", metavar="REGEX", help="the cases whose name this matches somewhere")
    parser.add_argument("--settings", default="", metavar="REGEX", help="only these of the peer's settings (for a quick look)")
    parser.add_argument("--threads", type=int, default=int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count()))
    parser.add_argument("--rounds", type=int, default=1, help="how often each setting of the peer is tried")
    parser.add_argument("--min-time", type=float, default=1.0, metavar="S", help="seconds of timed calls in each run")
    parser.add_argument("--use", choices=("median", "min"), default="median", help="which time of a run counts")
    parser.add_argument("--out", metavar="FILE", help="write all numbers as JSON")
    parser.add_argument("--list", action="store_true", help="print the common cases")
    args = parser.parse_args()
    if args.rounds < 1 or args.threads < 1:
        parser.error("--rounds and --threads must be at least 1")
    try:
        re.compile(args.only), re.compile(args.settings)
    except re.error as error:
        parser.error("--only or --settings: %s" % error)
    return args


def main():
    args = parse_arguments()
    torch_version = torch_version_of(args.peer_python)
    cases = common_cases(args)
    if args.list:
        print("\n".join(cases))
        return
    model, flags = processor()
    print("%s, %d threads, torch %s, load average %.1f" % (model, args.threads, torch_version, os.getloadavg()[0]))
    print("%-44s %11s %11s  %-20s %6s  %8s" % ("case", "ours ms", "peer ms", "peer's setting", "ratio", "of peak"))
    report = {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": {"model": model, "cores": os.cpu_count(), "isa_flags": flags, "load_average": os.getloadavg()},
        "versions": {"cairn": git_revision(), "torch": torch_version, "python": platform.python_version(),
                     "kernel": platform.release()},
        "command": sys.argv, "threads": args.threads, "time_that_counts": args.use, "peak": {}, "results": [],
    }
    for case in cases:
        row, peak = compare(args, case, flags, torch_version)
        if row is None:
            print("%-44s skipped: the peer cannot run it in any setting" % case)
            continue
        print_row(row)
        report["results"].append(row)
        report["peak"] = {k: max(v, report["peak"].get(k, 0.0)) for k, v in peak.items()}
        if args.out:  # after every case, so that an interruption loses only one
            with open(args.out, "w") as file:
                json.dump(report, file, indent=1)
                file.write("\n")
    ratios = [row["ratio"] for row in report["results"]]
    if ratios:
        print("geometric mean of the ratios over %d cases: %.2f" % (len(ratios), math.exp(statistics.mean(map(math.log, ratios)))))


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit("compare.py: %s" % failure)
    except KeyboardInterrupt:
        sys.exit(130)
