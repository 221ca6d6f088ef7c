/** How to log attention, for each of the ways → its lines of Python. */

export interface Snippet {
  name: string;
  code: string;
}

export const snippets: readonly Snippet[] = [
  {
    name: "Any tensors",
    code: `from tensorboard_plugin_attn import AttentionWriter
writer = AttentionWriter("runs/baseline")
writer.add_attention("doctor/she", outputs.attentions, tokens, step)`,
  },
  {
    name: "Hugging Face Trainer",
    code: `from tensorboard_plugin_attn.integrations.transformers import AttentionCallback
probes = {"doctor/she": "the doctor asked the nurse because she was late ."}
Trainer(..., callbacks=[AttentionCallback(probes, every="epoch")])`,
  },
  {
    name: "Lightning",
    code: `from tensorboard_plugin_attn.integrations.lightning import AttentionCallback
probes = {"doctor/she": "the doctor asked the nurse because she was late ."}
Trainer(..., callbacks=[AttentionCallback(probes, every=100, tokenizer=tokenizer)])`,
  },
  {
    name: "Capture from a model",
    code: `from tensorboard_plugin_attn import AttentionWriter
writer = AttentionWriter("runs/baseline")
writer.add_probe("doctor/she", model, inputs, tokenizer, step)`,
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
