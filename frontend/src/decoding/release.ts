/** Buffers that no one reads any more → memory given back now, not when the collector runs. */

const { port1: nowhere, port2: closed } = new MessageChannel();
closed.close();

/**
 * Empties a buffer. What a message carries to a closed port is gone at once; `transfer(0)` would not do, as the
 * browser's own half of a fetched buffer holds on to the bytes until it is collected.
 */
export function release(buffer: ArrayBuffer): void {
  nowhere.postMessage(null, [buffer]);
}
