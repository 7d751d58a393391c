"""JSON bodies of the Open Inference Protocol, as this server takes and gives them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.server.schemas import Threshold

_Parameters = dict[str, Any]
_STRICT = ConfigDict(strict=True)


class InputTensor(BaseModel):
    """The texts: `data` in JSON, or the parameter `binary_data_size` and bytes behind the JSON."""

    model_config = _STRICT

    name: Literal["text"]
    shape: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1, max_length=2)] = Field(
        description="[n] or [n, 1]"
    )
    datatype: Literal["BYTES"]
    parameters: _Parameters = {}
    data: list[Any] | None = Field(default=None, description="n texts")


class RequestedOutput(BaseModel):
    """An output to answer with; the parameter `binary_data` asks for bytes behind the JSON."""

    model_config = _STRICT

    name: Literal["label", "confidence", "likelier_label"]
    parameters: _Parameters = {}


class InferParameters(BaseModel):
    """Parameters of a request; those of no meaning here may stand."""

    model_config = ConfigDict(strict=True, extra="allow")

    binary_data_output: Any = False
    unsure_below: Threshold = None


class InferRequest(BaseModel):
    """JSON of `POST /v2/models/{model}/infer`; keys and parameters of no meaning here may stand."""

    model_config = ConfigDict(
        strict=True,
        json_schema_extra={
            "example": {
                "inputs": [
                    {
                        "name": "text",
                        "shape": [1],
                        "datatype": "BYTES",
                        "data": ["정말 재밌게 잘봤습니다!"],
                    }
                ]
            }
        },
    )

    id: str | None = None
    parameters: InferParameters = InferParameters()
    inputs: Annotated[list[InputTensor], Field(min_length=1, max_length=1)]
    outputs: Annotated[list[RequestedOutput], Field(max_length=3)] = Field(
        default=[], description="left out: label and confidence"
    )


class OutputTensor(BaseModel):
    """The label, the confidence or the likelier label of each text, in order."""

    name: Literal["label", "confidence", "likelier_label"]
    datatype: Literal["BYTES", "FP64"]
    shape: list[int]
    parameters: _Parameters = {}
    data: list[str] | list[float] | None = None


class InferResponse(BaseModel):
    """JSON of the answer; the request's id if it had one."""

    model_name: str
    id: str | None = None
    outputs: list[OutputTensor]
