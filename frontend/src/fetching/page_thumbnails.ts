/** The answers of a stand-alone page → the same with the thumbnails that it leaves out. */

import { ApiError } from "../decoding/errors";
import { areWeights, thumbnailsOf } from "../decoding/shades";
import type { Api } from "./api";

/** A notebook's cell holds no thumbnails of a short text: they are the weights over again. */
export function withThumbnails(api: Api): Api {
  return {
    ...api,
    async thumbnails(at, signal, quantity = "weight") {
      try {
        return await api.thumbnails(at, signal, quantity);
      } catch (error) {
        const isLeftOut = error instanceof ApiError && error.code === "not_embedded";
        if (!isLeftOut || quantity !== "weight") throw error;
        const { value: header } = await api.record(at, signal);
        if (!areWeights(header)) throw error;
        const asked = header.layers.map((_, layer) => api.weights(at, layer, null, signal));
        const value = thumbnailsOf((await Promise.all(asked)).map((answer) => answer.value));
        return { value, bytes: value.codes.byteLength };
      }
    },
  };
}
