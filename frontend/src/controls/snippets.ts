/** How to log attention, for each of the ways → its lines of Python. */

export interface Snippet {
  name: string;
  /** What it needs, or saves. */
  note: string;
  code: string;
}

export const snippets: readonly Snippet[] = [
  {
    name: "Hugging Face Trainer",
    note: "finds the tokenizer and the Trainer’s own SummaryWriter",
    code: `from tensorboard_plugin_attn.integrations.transformers import AttentionCallback
probes = {"doctor/she": "the doctor asked the nurse because she was late ."}
Trainer(..., callbacks=[AttentionCallback(probes, every="epoch")])`,
  },
  {
    name: "Lightning",
    note: "writes where its TensorBoardLogger does",
    code: `from tensorboard_plugin_attn.integrations.lightning import AttentionCallback
probes = {"doctor/she": "the doctor asked the nurse because she was late ."}
Trainer(..., callbacks=[AttentionCallback(probes, every=100, tokenizer=tokenizer)])`,
  },
  {
    name: "Plain PyTorch loop",
    note: "any model with softmax attention, any kernel",
    code: `from tensorboard_plugin_attn import AttentionWriter
writer = AttentionWriter("runs/baseline")
writer.add_probe("doctor/she", model, inputs, tokenizer, step)`,
  },
  {
    name: "Weights you have",
    note: "with the writer above",
    code: `writer.add_attention("doctor/she", outputs.attentions, tokens, step)`,
  },
  {
    name: "In a notebook",
    note: "no training, no log",
    code: `from tensorboard_plugin_attn import show
show(model, tokenizer, "the doctor asked the nurse because she was late .")`,
  },
];

export interface Span {
  kind: "keyword" | "string" | "plain";
  text: string;
}

/** Keywords, strings and the rest, in their order. */
export function highlight(code: string): Span[] {
  const parts = code.split(/("[^"]*"|\b(?:from|import)\b)/);
  return parts
    .filter((text) => text !== "")
    .map((text) => ({
      kind: text.startsWith('"')
        ? "string"
        : text === "from" || text === "import"
          ? "keyword"
          : "plain",
      text,
    }));
}
