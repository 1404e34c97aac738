"""What each peer needs of a trained model: a compiled library or a converted file, made once and kept."""

import glob
import os
import shutil
import subprocess
import tarfile
import tempfile
import zipfile

import onnx

from models import MODELS
from rows import COLUMNS

LIGNUM = "pylignum==0.3.0"
NEWEST_XGBOOST = "xgboost-cpu==3.4.1"  # for a newer Python than the one that trains; its C library needs none


def processor_seconds():
    """Of this process and of the compilers it ran: other work on the machine does not count."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def run(*command, cwd=None):
    subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.DEVNULL)


def tl2cgen_library(name, stem, target):
    """Every tree as nested ifs in C, by gcc -O3."""
    import tl2cgen
    import treelite

    if MODELS[name][0] == "xgboost":
        model = treelite.frontend.load_xgboost_model(stem + ".json", format_choice="json", allow_unknown_field=True)
    else:
        model = treelite.frontend.load_lightgbm_model(stem + ".txt")
    with tempfile.TemporaryDirectory() as folder:
        tl2cgen.generate_c_code(model, folder, {"parallel_comp": 16})
        objects = []
        for source in sorted(glob.glob(os.path.join(folder, "*.c"))):
            objects.append(source[:-2] + ".o")
            run("gcc", "-O3", "-std=c99", "-fPIC", "-c", source, "-o", objects[-1])
        run("gcc", "-shared", *objects, "-lm", "-o", target)


def lleaves_library(name, stem, target):
    """Every tree as machine code by LLVM, in doubles, without the objective."""
    import lleaves

    with tempfile.TemporaryDirectory() as folder:
        compiled = os.path.join(folder, "forest.o")
        lleaves.Model(model_file=stem + ".txt").compile(cache=compiled, raw_score=True, use_fp64=True)
        run("gcc", "-shared", compiled, "-lm", "-o", target)


def onnx_model(name, stem, target):
    """A TreeEnsemble without its link function, so that it gives margins."""
    from onnxmltools.convert import convert_lightgbm, convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType

    types = [("input", FloatTensorType([None, COLUMNS]))]
    if MODELS[name][0] == "xgboost":
        import xgboost

        model = convert_xgboost(xgboost.Booster(model_file=stem + ".json"), initial_types=types, target_opset=15)
    elif MODELS[name][0] == "lightgbm":
        import lightgbm

        model = convert_lightgbm(lightgbm.Booster(model_file=stem + ".txt"), initial_types=types, target_opset=15,
                                 zipmap=False)
    else:
        model = onnx.load(stem + ".catboost.onnx")
    keep_margins(model)
    onnx.save(model, target)


def keep_margins(model):
    """Takes the link function off the ensemble, and every node and output off the graph but the ensemble's scores."""
    ensemble = next(node for node in model.graph.node if node.op_type.startswith("TreeEnsemble"))
    for attribute in ensemble.attribute:
        if attribute.name == "post_transform":
            attribute.s = b"NONE"
    scores = ensemble.output[-1]
    del model.graph.node[:]
    model.graph.node.append(ensemble)
    del model.graph.output[:]
    model.graph.output.append(onnx.helper.make_tensor_value_info(scores, onnx.TensorProto.FLOAT, [None, None]))


def catboost_library(name, stem, target):
    """CatBoost's own export to C++, by g++ -O3, behind one C function that takes floats."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(stem + ".catboost.cpp", os.path.join(folder, "model.cpp"))
        with open(os.path.join(folder, "entry.cpp"), "w") as file:
            file.write('#include "model.cpp"\n'
                       'extern "C" double exported_margin(const float *row, unsigned columns) {\n'
                       "    static thread_local std::vector<float> features;\n"
                       "    features.assign(row, row + columns);\n"
                       "    return ApplyCatboostModel(features);\n}\n")
        run("g++", "-O3", "-std=c++17", "-fPIC", "-shared", "entry.cpp", "-o", os.path.abspath(target), cwd=folder)


def lignum_engine(python, folder, say):
    """lignum's C library, built of its source distribution as its CMake file does for a release."""
    target = os.path.join(folder, "liblignum.so")
    if os.path.exists(target):
        return
    say(f"{LIGNUM}: building its C library …")
    with tempfile.TemporaryDirectory() as work:
        run(python, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", "pylignum", "-d", work, LIGNUM)
        archive = glob.glob(os.path.join(work, "pylignum-*.tar.gz"))[0]
        with tarfile.open(archive) as file:
            file.extractall(work, filter="data")
        root = archive[: -len(".tar.gz")]
        sources = [os.path.relpath(path, root) for pattern in ("src/*.cpp", "src/parsers/*.cpp", "extern/*/*.cpp")
                   for path in sorted(glob.glob(os.path.join(root, pattern)))]
        run("g++", "-std=c++20", "-O3", "-DNDEBUG", "-fPIC", "-shared", "-flto", "-fvisibility=hidden",
            "-fvisibility-inlines-hidden", "-ffp-contract=off", "-fno-math-errno", "-funroll-loops", "-fopenmp", "-w",
            "-DLIGNUM_CATBOOST_AVX2", "-DLIGNUM_SHARED", "-DLIGNUM_EXPORTS", "-Iinclude", "-Isrc", "-Iextern/simdjson",
            *sources, "-ldl", "-o", os.path.abspath(target), cwd=root)


def newest_xgboost(python, folder, say):
    """The C library of XGBoost's newest wheel, beside the one that trained the models."""
    target = os.path.join(folder, NEWEST_XGBOOST.replace("==", "-"))
    if not os.path.exists(target):
        say(f"{NEWEST_XGBOOST}: fetching its C library …")
        with tempfile.TemporaryDirectory() as work:
            run(python, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "--python-version", "3.13",
                "-d", work, NEWEST_XGBOOST)
            with zipfile.ZipFile(glob.glob(os.path.join(work, "*.whl"))[0]) as file:
                file.extractall(target)
    return os.path.join(target, "xgboost", "lib", "libxgboost.so")


def lignum_library(name, stem, target):
    """lignum's compiled mode: its own C code of the trees, by gcc with its own flags."""
    import ctypes

    engine = ctypes.CDLL(os.path.join(os.path.dirname(stem), "liblignum.so"))
    engine.LignumGetLastError.restype = ctypes.c_char_p
    model = ctypes.c_void_p()
    path = next(stem + extension for extension in (".txt", ".json") if os.path.exists(stem + extension))
    with tempfile.TemporaryDirectory() as work:
        if (engine.LignumModelLoad(path.encode(), b"auto", ctypes.byref(model)) != 0
                or engine.LignumModelCompile(model, None, None, work.encode(), target.encode()) != 0):
            raise RuntimeError(engine.LignumGetLastError().decode())


# What is made for a model of each library: (suffix, maker).
MAKERS = {
    "xgboost": [(".tl2cgen.so", tl2cgen_library), (".lignum.so", lignum_library), (".onnx", onnx_model)],
    "lightgbm": [(".tl2cgen.so", tl2cgen_library), (".lignum.so", lignum_library), (".lleaves.so", lleaves_library),
                 (".onnx", onnx_model)],
    "catboost": [(".catboost.so", catboost_library), (".onnx", onnx_model)],
}


def make_all(name, folder, say):
    """Makes what is missing, and notes the seconds in NAME.SUFFIX.seconds. A peer that can't take the model leaves a
    line in NAME.SUFFIX.failed instead, and is not tried again."""
    stem = os.path.join(folder, name)
    for suffix, maker in MAKERS[MODELS[name][0]]:
        target = stem + suffix
        if os.path.exists(target) or os.path.exists(target + ".failed"):
            continue
        say(f"{name}{suffix}: making …")
        started = processor_seconds()
        try:
            maker(name, stem, target)
        except Exception as problem:
            with open(target + ".failed", "w") as file:
                file.write(f"{type(problem).__name__}: {problem}\n".splitlines()[0] + "\n")
            say(f"{name}{suffix}: failed, {type(problem).__name__}: {str(problem)[:300]}")
            continue
        seconds = processor_seconds() - started
        with open(target + ".seconds", "w") as file:
            file.write(f"{seconds:.1f}\n")
        say(f"{name}{suffix}: {seconds:.1f} s of processor time, {os.path.getsize(target)} bytes")
