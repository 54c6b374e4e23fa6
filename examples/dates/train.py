#!/usr/bin/python3
# Part of the seqc project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains the dates model from scratch and writes dates.safetensors.

    export OPENBLAS_CORETYPE=SKYLAKEX
    export LD_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu/openblas-openmp
    train.py                 train, then write dates.safetensors
    train.py --evaluate      measure dates.safetensors on 10,000 held-out
                             pairs; write expected.tsv (2,000 of them with
                             this program's outputs)
    train.py --text "Nov 20th '26"   what the model answers

The model's equations are in README.md beside this file.
"""

import argparse
import json
import math
import os
import random
import struct
import sys
import time

import numpy as np
import torch
from torch import nn

import dates_data

HERE = os.path.dirname(os.path.abspath(__file__))

PAD, BOS, EOS = 0, 1, 2
SOURCE_VOCABULARY = ["<pad>"] + dates_data.alphabet()
TARGET_VOCABULARY = ["<pad>", "<bos>", "<eos>"] + list("0123456789-")
SOURCE_IDS = {c: i for i, c in enumerate(SOURCE_VOCABULARY)}
TARGET_IDS = {c: i for i, c in enumerate(TARGET_VOCABULARY)}
MAX_NEW = 12  # an ISO date and its end are eleven tokens

SOURCE_EMBEDDING = 32
TARGET_EMBEDDING = 16
ENCODER_HIDDEN = 96  # in each direction
DECODER_HIDDEN = 96
ATTENTION = 64


class AdditiveAttention(nn.Module):
    """score(q, k) = v . tanh(Wq q + Wk k), softmax over the row's steps."""

    def __init__(self):
        super().__init__()
        self.query = nn.Linear(DECODER_HIDDEN, ATTENTION, bias=False)
        self.key = nn.Linear(2 * ENCODER_HIDDEN, ATTENTION, bias=False)
        self.v = nn.Linear(ATTENTION, 1, bias=False)

    def forward(self, query, keys, memory, padding):
        """`keys` is self.key(memory), the same for every step."""
        hidden = torch.tanh(self.query(query).unsqueeze(1) + keys)
        scores = self.v(hidden).squeeze(2).masked_fill(padding, -math.inf)
        weights = torch.softmax(scores, dim=1)
        return torch.bmm(weights.unsqueeze(1), memory).squeeze(1)


class DatesModel(nn.Module):
    def __init__(self):
        super().__init__()
        memory = 2 * ENCODER_HIDDEN
        self.encoder_embedding = nn.Embedding(len(SOURCE_VOCABULARY),
                                              SOURCE_EMBEDDING)
        self.encoder = nn.LSTM(SOURCE_EMBEDDING, ENCODER_HIDDEN,
                               batch_first=True, bidirectional=True)
        self.bridge_h = nn.Linear(memory, DECODER_HIDDEN)
        self.bridge_c = nn.Linear(memory, DECODER_HIDDEN)
        self.attention = AdditiveAttention()
        self.decoder_embedding = nn.Embedding(len(TARGET_VOCABULARY),
                                              TARGET_EMBEDDING)
        self.decoder = nn.LSTM(TARGET_EMBEDDING + memory, DECODER_HIDDEN,
                               batch_first=True)
        self.output = nn.Linear(DECODER_HIDDEN + memory, len(TARGET_VOCABULARY))

    def encode(self, ids, lengths):
        """The memory, its keys, its padding and the decoder's first state."""
        packed = nn.utils.rnn.pack_padded_sequence(
            self.encoder_embedding(ids), lengths, batch_first=True,
            enforce_sorted=False)
        packed_memory, (h, c) = self.encoder(packed)
        memory, _ = nn.utils.rnn.pad_packed_sequence(
            packed_memory, batch_first=True, total_length=ids.shape[1])
        state = (torch.tanh(self.bridge_h(torch.cat([h[0], h[1]], dim=1))),
                 torch.tanh(self.bridge_c(torch.cat([c[0], c[1]], dim=1))))
        padding = torch.arange(ids.shape[1])[None, :] >= lengths[:, None]
        return (memory, self.attention.key(memory), padding), state

    def step(self, source, previous, state):
        """One decoder step. The query is the state *before* the step."""
        memory, keys, padding = source
        context = self.attention(state[0], keys, memory, padding)
        inputs = torch.cat([self.decoder_embedding(previous), context], dim=1)
        _, (h, c) = self.decoder(inputs.unsqueeze(1),
                                 (state[0].unsqueeze(0), state[1].unsqueeze(0)))
        state = (h[0], c[0])
        return self.output(torch.cat([h[0], context], dim=1)), state

    def forward(self, ids, lengths, targets):
        """Teacher forcing: logits for every position of `targets`."""
        source, state = self.encode(ids, lengths)
        previous = torch.full((ids.shape[0],), BOS)
        logits = []
        for t in range(targets.shape[1]):
            step_logits, state = self.step(source, previous, state)
            logits.append(step_logits)
            previous = targets[:, t]
        return torch.stack(logits, dim=1)

    @torch.no_grad()
    def greedy(self, ids, lengths):
        """The most probable token at each step, until <eos> or MAX_NEW."""
        source, state = self.encode(ids, lengths)
        previous = torch.full((ids.shape[0],), BOS)
        done = torch.zeros(ids.shape[0], dtype=torch.bool)
        tokens = []
        for _ in range(MAX_NEW):
            logits, state = self.step(source, previous, state)
            previous = logits.argmax(dim=1).masked_fill(done, PAD)
            tokens.append(previous)
            done |= previous == EOS
            if bool(done.all()):
                break
        return torch.stack(tokens, dim=1)


def encode_texts(texts):
    """White space at the ends dropped, lower case, one id per character,
    padded on the right."""
    rows = [[SOURCE_IDS[c] for c in text.strip().lower()] for text in texts]
    lengths = torch.tensor([len(row) for row in rows])
    ids = torch.full((len(rows), int(lengths.max())), PAD)
    for i, row in enumerate(rows):
        ids[i, :len(row)] = torch.tensor(row)
    return ids, lengths


def encode_targets(isos):
    return torch.tensor([[TARGET_IDS[c] for c in iso] + [EOS] for iso in isos])


def answers(model, texts, batch=250):
    """The model's answer to each text, tokens as text."""
    result = []
    for start in range(0, len(texts), batch):
        ids, lengths = encode_texts(texts[start:start + batch])
        for row in model.greedy(ids, lengths).tolist():
            end = row.index(EOS) if EOS in row else len(row)
            result.append("".join(TARGET_VOCABULARY[t] for t in row[:end]))
    return result


def exact_match(model, pairs):
    got = answers(model, [text for text, _ in pairs])
    return sum(g == iso for g, (_, iso) in zip(got, pairs)) / len(pairs)


def save_safetensors(tensors, path):
    """name -> float32 tensor, written as a safetensors file."""
    header, blobs, offset = {}, [], 0
    for name, tensor in tensors.items():
        blob = tensor.detach().numpy().astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape),
                        "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    temporary = path + ".tmp"
    with open(temporary, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))
    os.replace(temporary, path)


def load_safetensors(path):
    with open(path, "rb") as file:
        data = file.read()
    size, = struct.unpack("<Q", data[:8])
    tensors = {}
    for name, entry in json.loads(data[8:8 + size]).items():
        begin, end = (8 + size + o for o in entry["data_offsets"])
        values = np.frombuffer(data[begin:end], dtype="<f4")
        tensors[name] = torch.from_numpy(values.reshape(entry["shape"]).copy())
    return tensors


def learning_rate(step, args):
    """Linear warm-up, then half a cosine down to a hundredth."""
    if step < args.warmup:
        return args.rate * (step + 1) / args.warmup
    progress = (step - args.warmup) / max(1, args.steps - args.warmup)
    return args.rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))


def train(args):
    random.seed(args.seed)
    torch.manual_seed(args.seed)
    model = DatesModel()
    print(f"{sum(p.numel() for p in model.parameters())} parameters", flush=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.rate)
    loss_function = nn.CrossEntropyLoss()
    stream = dates_data.pairs("train", args.seed)
    validation = dates_data.distinct_pairs("validation", args.validate)
    best, began, total = 0.0, time.monotonic(), 0.0
    for step in range(args.steps):
        texts, isos = zip(*(next(stream) for _ in range(args.batch)))
        ids, lengths = encode_texts(texts)
        targets = encode_targets(isos)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, args)
        logits = model(ids, lengths, targets)
        loss = loss_function(logits.flatten(0, 1), targets.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total += loss.item()
        if (step + 1) % args.log == 0:
            seconds = time.monotonic() - began
            print(f"step {step + 1} loss {total / args.log:.5f} "
                  f"{seconds:.0f} s", flush=True)
            total = 0.0
        if (step + 1) % args.validate_every == 0 or step + 1 == args.steps:
            match = exact_match(model, validation)
            print(f"step {step + 1} validation {match:.4f}", flush=True)
            if match >= best:
                best = match
                save_safetensors(model.state_dict(), args.weights)
    print(f"best {best:.4f}, {time.monotonic() - began:.0f} s", flush=True)


def evaluate(args):
    """10,000 held-out pairs; a random 2,000 of them into expected.tsv."""
    model = DatesModel()
    model.load_state_dict(load_safetensors(args.weights))
    pairs = dates_data.distinct_pairs("held_out", 10000)
    got = answers(model, [text for text, _ in pairs])
    wrong = [(text, iso, g) for (text, iso), g in zip(pairs, got) if g != iso]
    for text, iso, answer in wrong:
        print(f"wrong: {text}: {answer}, not {iso}")
    print(f"exact match {1 - len(wrong) / len(pairs):.4f} of {len(pairs)}")
    chosen = sorted(random.Random(2).sample(range(len(pairs)), 2000))
    with open(os.path.join(HERE, "expected.tsv"), "w", encoding="utf-8") as file:
        for i in chosen:
            file.write(f"{pairs[i][0]}\t{pairs[i][1]}\t{got[i]}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--evaluate", action="store_true")
    parser.add_argument("--text", nargs="+")
    parser.add_argument("--weights",
                        default=os.path.join(HERE, "dates.safetensors"))
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--batch", type=int, default=92)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--warmup", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--log", type=int, default=100)
    parser.add_argument("--validate", type=int, default=1840)
    parser.add_argument("--validate-every", type=int, default=1000)
    args = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8")
    torch.set_num_threads(args.threads)
    if args.evaluate:
        evaluate(args)
    elif args.text:
        model = DatesModel()
        model.load_state_dict(load_safetensors(args.weights))
        for text, answer in zip(args.text, answers(model, args.text)):
            print(f"{text}\t{answer}")
    else:
        train(args)


if __name__ == "__main__":
    main()
