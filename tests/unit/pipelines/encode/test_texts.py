"""Encoders of text alone: BERT-like ones and NV-Embed."""

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, BertModel, MistralModel

from pipelines.encode.item_content import BadContent, Content
from pipelines.encode.load_encoder import load_encoder, load_preparer
from pipelines.encode.preset import load_spec
from schemas.errors import SettingsError
from tests.unit.pipelines.encode.pixels import picture

pytestmark = pytest.mark.slow

TEXTS = ["red mug", "blue lamp " * 9, "x", "红色台灯"]
CLASSES = {"e5": "bert", "nv_embed": "nv_embed"}


def loaded(preset, tiny_folder, *assignments):
    spec = load_spec(preset, ["dimensions=0", *assignments], path=str(tiny_folder(CLASSES[preset])))
    return load_preparer(spec), load_encoder(spec)


def vectors(pair, texts):
    return pair[1].encode([pair[0].prepare(Content(kind="text", text=t)) for t in texts])


@pytest.mark.parametrize("preset", CLASSES)
def test_batched_and_single_vectors_agree(preset, tiny_folder):
    pair = loaded(preset, tiny_folder)
    alone = np.concatenate([vectors(pair, [t]) for t in TEXTS])
    assert np.abs(vectors(pair, TEXTS) - alone).max() < 1e-5
    assert np.allclose(np.linalg.norm(alone, axis=1), 1, atol=1e-6)


def test_e5_is_the_mean_over_the_query_and_its_prefix(tiny_folder):
    tokenizer, model = AutoTokenizer.from_pretrained(tiny_folder("bert")), BertModel.from_pretrained(tiny_folder("bert")).eval()
    with torch.inference_mode():
        mean = model(**tokenizer("query: red mug", return_tensors="pt")).last_hidden_state.mean(1)
    assert (
        np.abs(vectors(loaded("e5", tiny_folder), ["red mug"]) - torch.nn.functional.normalize(mean, dim=-1).numpy()).max()
        < 1e-5
    )


def test_a_pooler_that_a_checkpoint_lacks_changes_nothing(tiny_folder, tmp_path):
    from safetensors.torch import load_file, save_file

    for file in tiny_folder("bert").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = load_file(tmp_path / "model.safetensors")
    save_file(
        {k: v for k, v in weights.items() if "pooler" not in k}, tmp_path / "model.safetensors", metadata={"format": "pt"}
    )
    spec = load_spec("e5", ["dimensions=0"], path=str(tmp_path))
    once, again = load_encoder(spec), load_encoder(spec)
    assert once.fingerprint == again.fingerprint
    assert np.abs(vectors((load_preparer(spec), once), TEXTS) - vectors(loaded("e5", tiny_folder), TEXTS)).max() < 1e-6


def test_a_note_is_its_text_and_a_picture_has_none(tiny_folder):
    pair = loaded("e5", tiny_folder)
    note = pair[0].prepare(Content(kind="note", images=(picture(1),), text=" red mug\n"))
    assert np.array_equal(pair[1].encode([note]), vectors(pair, ["red mug"]))
    with pytest.raises(BadContent, match="image without a text, for an encoder of texts"):
        pair[0].prepare(Content(kind="image", images=(picture(1),)))


def test_a_long_text_is_cut(tiny_folder):
    assert loaded("e5", tiny_folder, "max_length=12")[0].prepare(Content(kind="text", text="red mug " * 50)).length == 12


def test_nv_embed_is_attention_both_ways_then_to_the_latents_then_the_mean(tiny_folder):
    """Written out again with plain matrices, one text, one head after the other."""
    pair = loaded("nv_embed", tiny_folder)
    ids = torch.from_numpy(pair[0].prepare(Content(kind="text", text="red mug")).arrays["input_ids"])[None]
    net = pair[1].net
    assert pair[0].tokenizer.decode(ids[0]).startswith("<s>") and pair[0].tokenizer.decode(ids[0]).endswith("</s>")
    with torch.inference_mode():
        mistral: MistralModel = net.embedding_model
        x = mistral.embed_tokens(ids)
        rope = mistral.rotary_emb(x, position_ids=torch.arange(ids.shape[1])[None])
        for layer in mistral.layers:  # no mask at all: one text, every token sees every other
            x = layer(x, attention_mask=torch.zeros(1, 1, ids.shape[1], ids.shape[1]), position_embeddings=rope)
        x = mistral.norm(x)
        told = net.latent_attention_model.state_dict()
        norm = lambda v, name: torch.nn.functional.layer_norm(v, v.shape[-1:], told[f"{name}.weight"], told[f"{name}.bias"])  # noqa: E731
        block = "cross_attend_blocks.0"
        q = norm(x, f"{block}.norm") @ told[f"{block}.fn.to_q.weight"].T
        kv = norm(told["latents"], f"{block}.norm_context") @ told[f"{block}.fn.to_kv.weight"].T
        k, v = kv[:, :32], kv[:, 32:]
        heads = [torch.softmax(q[0, :, h] @ k[:, h].T / 4, -1) @ v[:, h] for h in (slice(0, 16), slice(16, 32))]
        x = x + torch.cat(heads, -1) @ told[f"{block}.fn.to_out.weight"].T
        block = "cross_attend_blocks.1"
        wide = norm(x, f"{block}.norm") @ told[f"{block}.fn.net.0.weight"].T + told[f"{block}.fn.net.0.bias"]
        x = (
            x
            + (wide[..., :128] * torch.nn.functional.gelu(wide[..., 128:])) @ told[f"{block}.fn.net.2.weight"].T
            + told[f"{block}.fn.net.2.bias"]
        )
        wanted = torch.nn.functional.normalize(x.mean(1), dim=-1).numpy()
    assert np.abs(vectors(pair, ["red mug"]) - wanted).max() < 1e-5


def test_nv_embed_names_its_weights_as_the_checkpoint_does(tiny_folder):
    names = set(loaded("nv_embed", tiny_folder)[1].net.state_dict())
    assert {
        "latent_attention_model.latents",
        "latent_attention_model.cross_attend_blocks.0.fn.to_kv.weight",
        "latent_attention_model.cross_attend_blocks.0.norm_context.bias",
        "latent_attention_model.cross_attend_blocks.1.fn.net.0.weight",
        "embedding_model.layers.0.self_attn.q_proj.weight",
    } <= names


def test_a_folder_of_something_else_is_refused(tiny_folder):
    with pytest.raises(SettingsError, match="not NV-Embed's files"):
        load_encoder(load_spec("nv_embed", path=str(tiny_folder("bert"))))
