"""The layers of Keras that are outside of what lamina is for, and what to use instead."""

from __future__ import annotations

_IMAGES = "images are outside of what lamina is for: dense networks on tables"
_SOUND = "sound is outside of what lamina is for: dense networks on tables"
_CONVOLUTION = (
    "convolution is outside of what lamina is for: dense networks on tables. A Dense layer after "
    "Flatten sees all steps at once"
)
_RECURRENCE = (
    "recurrence is outside of what lamina is for: dense networks on tables. For short sequences, "
    "Flatten and Dense, or Dense on each step and GlobalAveragePooling1D, come nearest"
)
_ATTENTION = (
    "attention is outside of what lamina is for: dense networks on tables. EinsumDense, Dot and "
    "Softmax have its parts"
)
_POOLING = (
    "pooling in windows is outside of what lamina is for: dense networks on tables. "
    "GlobalAveragePooling1D and GlobalMaxPooling1D pool all steps"
)
_OTHERS = (
    "layers of other libraries cannot be run in a compiled program; write the network in lamina"
)
_TEXT = "texts are outside of what lamina is for; StringLookup takes categories in words"

_REASONS: dict[str, tuple[str, ...]] = {
    _CONVOLUTION: (
        *("Conv1D", "Conv1DTranspose", "Conv2D", "Conv2DTranspose", "Conv3D", "Conv3DTranspose"),
        *("Convolution1D", "Convolution1DTranspose", "Convolution2D", "Convolution2DTranspose"),
        *("Convolution3D", "Convolution3DTranspose", "DepthwiseConv1D", "DepthwiseConv2D"),
        *("SeparableConv1D", "SeparableConv2D", "SeparableConvolution1D"),
        *("SeparableConvolution2D", "LocallyConnected1D", "LocallyConnected2D"),
    ),
    _RECURRENCE: (
        *("Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "GRU", "GRUCell", "LSTM"),
        *("LSTMCell", "RNN", "SimpleRNN", "SimpleRNNCell", "StackedRNNCells", "AbstractRNNCell"),
        *("CuDNNGRU", "CuDNNLSTM"),
    ),
    _ATTENTION: ("AdditiveAttention", "Attention", "GroupQueryAttention", "MultiHeadAttention"),
    _POOLING: (
        *("AdaptiveAveragePooling1D", "AdaptiveMaxPooling1D", "AveragePooling1D", "AvgPool1D"),
        *("MaxPool1D", "MaxPooling1D"),
    ),
    _IMAGES: (
        *("AdaptiveAveragePooling2D", "AdaptiveAveragePooling3D", "AdaptiveMaxPooling2D"),
        *("AdaptiveMaxPooling3D", "AugMix", "AutoContrast", "AveragePooling2D"),
        *("AveragePooling3D", "AvgPool2D", "AvgPool3D", "CenterCrop"),
        *("ContrastLimitedAdaptiveHistogramEqualization", "Cropping2D", "Cropping3D", "CutMix"),
        *("Equalization", "GlobalAveragePooling2D", "GlobalAveragePooling3D", "GlobalAvgPool2D"),
        *("GlobalAvgPool3D", "GlobalMaxPool2D", "GlobalMaxPool3D", "GlobalMaxPooling2D"),
        *("GlobalMaxPooling3D", "MaxNumBoundingBoxes", "MaxPool2D", "MaxPool3D", "MaxPooling2D"),
        *("MaxPooling3D", "MixUp", "RandAugment", "RandomBrightness", "RandomColorDegeneration"),
        *("RandomColorJitter", "RandomContrast", "RandomCrop", "RandomElasticTransform"),
        *("RandomErasing", "RandomFlip", "RandomGaussianBlur", "RandomGrayscale", "RandomHeight"),
        *("RandomHue", "RandomInvert", "RandomPerspective", "RandomPosterization"),
        *("RandomRotation", "RandomSaturation", "RandomSharpness", "RandomShear"),
        *("RandomTranslation", "RandomWidth", "RandomZoom", "Resizing", "Solarization"),
        *("SpatialDropout2D", "SpatialDropout3D", "UpSampling2D", "UpSampling3D"),
        *("ZeroPadding2D", "ZeroPadding3D"),
    ),
    _SOUND: ("MelSpectrogram", "STFTSpectrogram"),
    _TEXT: ("TextVectorization",),
    "it is ReLU(threshold=theta) in Keras 3": ("ThresholdedReLU",),
    "feature columns are gone from TensorFlow; keras.utils.FeatureSpace, or Normalization, "
    "StringLookup, CategoryEncoding and Embedding do their work": ("DenseFeatures",),
    _OTHERS: ("FlaxLayer", "JaxLayer", "TFSMLayer", "TorchModuleWrapper"),
}
OUTSIDE = {name: reason for reason, names in _REASONS.items() for name in names}
"""By the name of a layer, why it is not there."""


def why_outside(name: str) -> str | None:
    """Why Keras's layer `name` is outside of the mission; None for other names."""
    return OUTSIDE.get(name)
