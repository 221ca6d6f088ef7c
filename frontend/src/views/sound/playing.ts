/** Samples → a sound that plays, and where it is. */

import { useEffect, useRef, useState } from "preact/hooks";

import type { Samples } from "../../decoding/picture";

export interface Playing {
  readonly isOn: boolean;
  /** Seconds from the start of the samples. */
  readonly at: number;
  readonly toggle: () => void;
  readonly moveTo: (seconds: number) => void;
}

interface Source {
  readonly context: AudioContext;
  readonly node: AudioBufferSourceNode;
  /** Seconds of the sound that have been played. */
  readonly now: () => number;
}

function begin({ rate, values }: Samples, at: number, speed: number): Source {
  const context = new AudioContext();
  const buffer = context.createBuffer(1, values.length, rate);
  buffer.copyToChannel(values, 0);
  const node = new AudioBufferSourceNode(context, { buffer, playbackRate: speed });
  node.connect(context.destination);
  node.start(0, at);
  const began = context.currentTime;
  return { context, node, now: () => at + speed * (context.currentTime - began) };
}

export function usePlaying(samples: Samples | null, speed = 1): Playing {
  const [at, setAt] = useState(0);
  const [isOn, setOn] = useState(false);
  const source = useRef<Source | null>(null);
  const frame = useRef(0);
  const stop = (): void => {
    cancelAnimationFrame(frame.current);
    source.current?.node.stop();
    void source.current?.context.close();
    source.current = null;
    setOn(false);
  };
  const start = (from: number): void => {
    if (samples === null) return;
    const length = samples.values.length / samples.rate;
    const own = (source.current = begin(samples, from < length ? from : 0, speed));
    setOn(true);
    const follow = (): void => {
      const now = own.now();
      setAt(Math.min(length, now));
      if (now >= length) stop();
      else frame.current = requestAnimationFrame(follow);
    };
    frame.current = requestAnimationFrame(follow);
  };
  useEffect(() => stop, [samples]);
  useEffect(() => {
    if (source.current === null) return;
    const from = source.current.now();
    stop();
    start(from);
  }, [speed]);
  return {
    isOn,
    at,
    toggle: () => (isOn ? stop() : start(at)),
    moveTo(seconds) {
      setAt(seconds);
      if (!isOn) return;
      stop();
      start(seconds);
    },
  };
}
