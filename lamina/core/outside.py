"""Public names of TensorFlow 2.21 and Keras 3.15 that lamina leaves out, and why.

One table for error messages, `lamina run --check` and the API page. A pattern ends in `*` for all
names that begin so; a name stands for what is below it, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from .errors import OpError, OutsideError, UnknownNameError, nearest

_REASONS = {
    "convolutions are outside of what lamina is for: it is about dense networks": """
        tf.conv tf.conv2d_backprop* tf.nn.*conv* tf.nn.dilation2d tf.nn.erosion2d
        tf.extract_volume_patches keras.layers.*Conv* keras.ops.*conv* keras.ops.nn.*conv*
        keras.ops.fold keras.ops.unfold keras.ops.nn.fold keras.ops.nn.unfold""",
    "pooling over windows is outside of what lamina is for; reduce whole axes instead": """
        tf.nn.*pool* keras.layers.MaxPool* keras.layers.Avg* keras.layers.AveragePool*
        keras.layers.Adaptive* keras.layers.Global*2D keras.layers.Global*3D keras.ops.*_pool
        keras.ops.nn.*_pool""",
    "images are outside of what lamina is for; prepare them with NumPy or Pillow": """
        tf.image tf.nn.depth_to_space tf.nn.space_to_depth tf.nn.lrn
        tf.nn.local_response_normalization tf.space_to_batch* tf.batch_to_space
        tf.required_space_to_batch_paddings tf.nn.space_to_batch tf.nn.with_space_to_batch
        keras.applications keras.layers.AugMix keras.layers.AutoContrast keras.layers.CenterCrop
        keras.layers.ContrastLimited* keras.layers.CutMix keras.layers.Equalization
        keras.layers.MaxNumBoundingBoxes keras.layers.MixUp keras.layers.Rand*
        keras.layers.Resizing keras.layers.Solarization keras.layers.*2D keras.layers.*3D
        keras.ops.image keras.ops.*depth_to_space keras.ops.*space_to_depth
        keras.preprocessing.image* keras.utils.*img* keras.utils.image* keras.utils.bounding_boxes
        keras.visualization""",
    "recurrence is outside of what lamina is for: it is about dense networks. Short sequences go "
    "through Flatten and Dense, or Dense on each step and GlobalAveragePooling1D": """
        tf.nn.RNN* keras.layers.*RNN* keras.layers.*LSTM* keras.layers.*GRU*
        keras.layers.Bidirectional""",
    "attention is outside of what lamina is for: it is about dense networks. EinsumDense, Dot and "
    "Softmax have its parts": """
        keras.layers.*Attention keras.ops.*dot_product_attention
        keras.config.*flash_attention*""",
    "sound is outside of what lamina is for": """
        tf.audio tf.summary.audio keras.layers.MelSpectrogram keras.layers.STFTSpectrogram
        keras.utils.audio*""",
    "signals and their spectra are outside of what lamina is for; NumPy has numpy.fft": """
        tf.signal tf.fftnd tf.ifftnd tf.rfftnd tf.irfftnd keras.ops.*fft keras.ops.*fft2
        keras.ops.*stft keras.initializers.*STFT* keras.initializers.stft""",
    "texts and sequences of symbols are outside of what lamina is for": """
        tf.nn.ctc* tf.nn.collapse_repeated tf.edit_distance keras.layers.TextVectorization
        keras.ops.*ctc* keras.preprocessing.text* keras.utils.text* keras.losses.CTC
        keras.losses.ctc
        tf.strings.ngrams tf.strings.unicode*""",
    "lamina computes on one machine's processor; leave the distribution out": """
        tf.distribute tf.tpu tf.DeviceSpec tf.config.experimental_connect* keras.distribution
        tf.config.experimental.ClusterDeviceFilters tf.test.create_local_cluster
        tf.train.ClusterDef tf.train.ClusterSpec tf.train.Coordinator tf.train.JobDef
        tf.train.ServerDef tf.data.experimental.service tf.queue tf.CriticalSection
        tf.VariableAggregation tf.VariableSynchronization""",
    "lamina compiles programs itself; there is no other compiler to talk to": """
        tf.xla tf.mlir tf.config.experimental.*mlir_bridge
        tf.sysconfig tf.load_library tf.load_op_library tf.raw_ops tf.graph_util
        tf.import_graph_def tf.nondifferentiable_batch_function tf.guarantee_const""",
    "models are files of Keras: model.save('model.keras'), keras.models.load_model; "
    "model.export('model.onnx') writes what runs elsewhere": """
        tf.saved_model tf.lite keras.export keras.layers.TFSMLayer
        keras.callbacks.OrbaxCheckpoint""",
    "weights are of floats; leave the quantization out": """
        tf.quantization tf.qint* tf.quint* tf.dtypes.qint* tf.dtypes.quint*
        tf.dtypes.QUANTIZED_DTYPES keras.quantizers keras.Quantizer""",
    "lamina has float16, float32 and float64; use tf.float32": """
        tf.bfloat16 tf.dtypes.bfloat16 tf.dtypes.experimental""",
    "complex numbers are left out; keep real and imaginary parts apart": """
        tf.complex* tf.dtypes.complex* tf.eig tf.eigvals tf.linalg.eig tf.linalg.eigvals
        tf.linalg.logm keras.ops.*eig keras.ops.*polar keras.ops.*view_as_complex
        keras.ops.*view_as_real""",
    "tensors are dense; pad and mask, or use tf.one_hot": """
        tf.RaggedTensor* tf.SparseTensor* tf.ragged* tf.sparse tf.nn.embedding_lookup_sparse
        tf.sets
        tf.nn.safe_embedding_lookup_sparse tf.strings.bytes_split tf.io.parse_*example
        tf.io.*Feature* tf.io.*sparse* tf.io.serialize_many_sparse""",
    "matrices are plain tensors here; tf.linalg.matmul, solve and cholesky do the work": """
        tf.linalg.LinearOperator* tf.linalg.experimental""",
    "special functions beyond the gamma and error functions are left out; SciPy has them": """
        tf.math.bessel* tf.math.special tf.math.betainc tf.math.igamma* tf.math.sobol_sample""",
    "sampled losses for huge numbers of classes are outside; use the softmax over all": """
        tf.nn.*sampler tf.nn.nce_loss tf.nn.sampled_softmax_loss tf.nn.compute_accidental_hits
        tf.random.*candidate_sampler tf.random.all_candidate_sampler""",
    "graphs and sessions ended with TensorFlow 1; use @tf.function": """
        tf.Graph tf.Operation tf.RegisterGradient tf.no_gradient tf.AggregationMethod
        tf.variable_creator_scope tf.config.optimizer.*experimental_options""",
    "pictures are read with Pillow, other files with Python and NumPy": """
        tf.io.*jpeg* tf.io.decode_bmp tf.io.decode_gif tf.io.decode_image tf.io.decode_jxl
        tf.io.*png tf.io.decode_webp tf.io.decode_json_example tf.io.match_filenames_once
        tf.io.write_graph""",
    "messages of protocol buffers belong to TensorFlow's own files; use NumPy's": """
        tf.train.BytesList tf.train.Example tf.train.Feature*
        tf.train.FloatList tf.train.Int64List tf.train.SequenceExample
        tf.io.decode_proto
        tf.io.encode_proto tf.io.parse_tensor tf.io.serialize_tensor tf.data.TFRecordDataset
        tf.io.TFRecord* tf.data.FixedLengthRecordDataset tf.io.parse_sequence*""",
    "lamina prints programs and times itself: LAMINA_DEBUG=graph,plan,times": """
        tf.summary.trace* tf.summary.graph tf.profiler tf.debugging.experimental""",
    "tests are written with pytest or unittest; tf.debugging has assertions": """
        tf.test""",
    "specs describe tensors only: tf.TensorSpec": """
        tf.IndexedSlicesSpec tf.NoneTensorSpec tf.OptionalSpec tf.TensorArraySpec
        tf.data.IteratorSpec""",
    "tensors hold numbers, booleans and strings": """
        tf.resource tf.variant tf.dtypes.resource tf.dtypes.variant""",
    "types of TensorFlow's own classes; annotate with tf.Tensor and typing.Callable": """
        tf.types""",
    "no network on a table has asked for it yet": """
        tf.approx_top_k tf.check_pinned tf.fingerprint tf.nn.isotonic_regression
        tf.random.experimental.index_shuffle tf.random_index_shuffle""",
    "gradients of gradients come from nested tf.GradientTapes, products from tf.linalg": """
        tf.autodiff.ForwardAccumulator tf.hessians""",
    "objects that have __array__ convert by themselves": """
        tf.register_tensor_conversion_function""",
    "a checkpoint is one file that is written at once": """
        tf.train.CheckpointView tf.train.TrackableView tf.train.experimental""",
    "memory is the process's own; ask the operating system": """
        tf.config.experimental.get_memory_info tf.config.experimental.get_memory_usage
        tf.config.experimental.reset_memory_stats tf.config.experimental.*device_policy""",
    "tracebacks are Python's own and whole, everything is computed on one device, and "
    "tf.debugging.check_numerics and keras.callbacks.TerminateOnNaN look for NaN": """
        tf.debugging.*able_check_numerics tf.debugging.*traceback_filtering*
        tf.debugging.*log_device_placement""",
    "datasets run on threads of lamina's own, in one way; there are no options to choose": """
        tf.data.experimental.AutotuneAlgorithm tf.data.experimental.SHARD_HINT
        tf.data.experimental.ServiceOptions tf.data.experimental.copy_to_device
        tf.data.experimental.distributed_save tf.data.experimental.enable_debug_mode
        tf.data.experimental.get_model_proto tf.data.experimental.prefetch_to_device""",
    "tf.data left it behind, or it serves what lamina leaves out; see tf.data.Dataset": """
        tf.data.experimental.DatasetInitializer tf.data.experimental.Optional
        tf.data.experimental.Reducer
        tf.data.experimental.SqlDataset tf.data.experimental.TFRecordWriter
        tf.data.experimental.at tf.data.experimental.bucket_by_sequence_length
        tf.data.experimental.dense_to_* tf.data.experimental.from_variant
        tf.data.experimental.get_next_as_optional tf.data.experimental.group_by_reducer
        tf.data.experimental.index_table_from_dataset
        tf.data.experimental.load tf.data.experimental.make_batched_features_dataset
        tf.data.experimental.make_saveable_from_iterator tf.data.experimental.pad_to_cardinality
        tf.data.experimental.parallel_interleave tf.data.experimental.parse_example_dataset
        tf.data.experimental.rejection_resample tf.data.experimental.save
        tf.data.experimental.snapshot tf.data.experimental.table_from_dataset
        tf.data.experimental.to_variant""",
    "keras.ops has NumPy's functions on tensors, with their gradients": """
        tf.experimental.numpy""",
    "tensors have __dlpack__: numpy.from_dlpack(tensor), tf.constant(array)": """
        tf.experimental.dlpack""",
    "experiments of TensorFlow with types, dispatch and many machines are left out": """
        tf.experimental""",
    "feature columns were left behind by TensorFlow; use Keras's preprocessing layers": """
        tf.feature_column""",
    "numbers go through Keras on lamina's own backend; there is no other one": """
        keras.layers.JaxLayer keras.layers.FlaxLayer keras.layers.TorchModuleWrapper""",
}


def _table() -> list[tuple[str, str]]:
    return [(pattern, reason) for reason, names in _REASONS.items() for pattern in names.split()]


RULES = _table()
"""Patterns of names, and why what they name is not there."""


def outside(name: str) -> str | None:
    """Why `name` ("tf.nn.conv2d", "keras.layers.LSTM") is left out; None where no rule says so."""
    for pattern, reason in RULES:
        if fnmatchcase(name, pattern) or name.startswith(f"{pattern}."):
            return reason
    return None


def lacking(
    place: str, members: Iterable[str], instead: Mapping[str, str] | None = None
) -> Callable[[str], Any]:
    """The `__getattr__` of the module `place` ("keras.ops"), whose public names are `members`.

    It says why a name is left out (`instead` comes first), or which one is nearest.
    """

    def missing(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        reason = (instead or {}).get(name) or outside(f"{place}.{name}")
        raise name_error(place, name, members, reason)

    return missing


def name_error(place: str, name: str, members: Iterable[str], reason: str | None) -> OpError:
    """The error for `place.name`, which is left out for `reason`, or is none of `members`."""
    if reason is not None:
        return OutsideError(f"{place}.{name} is not there: {reason}")
    return UnknownNameError(f"{place} has no {name!r}.{nearest(name, members)}")
