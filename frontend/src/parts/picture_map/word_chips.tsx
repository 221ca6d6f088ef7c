/** Words, CLS and registers beside the patches → chips, of which one may be the chosen position. */

import type { TargetedKeyboardEvent } from "preact";

import { cssOf, inkOn, rgbOfPixel, sequentialTable } from "../../draw/colour";
import { strengthOf } from "../../draw/patch_map";
import { record, shown, theme } from "../../state";
import { wordName } from "../../text/patch_names";
import { elide } from "../../text/tokens";

/** More than these are cut, with their number. */
const MOST = 240;

export interface WordChipsProps {
  readonly label: string;
  readonly list: string;
  readonly positions: readonly number[];
  readonly chosen: number | null;
  /** Multiples of uniform by position, which colour the chips; null: they have no weight here. */
  readonly times: ((position: number) => number) | null;
  readonly onPoint: (position: number | null) => void;
  readonly onPick: (position: number) => void;
}

/** Arrows go from chip to chip, which are one stop of the Tab key. */
function onKey(event: TargetedKeyboardEvent<HTMLElement>): void {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (by === undefined) return;
  const chips = [...event.currentTarget.querySelectorAll<HTMLElement>("button")];
  const next = chips[chips.indexOf(document.activeElement as HTMLElement) + by];
  event.preventDefault();
  event.stopPropagation();
  next?.focus();
}

function colours(times: number) {
  const strength = strengthOf(times);
  if (Number.isNaN(strength)) return {};
  const background = rgbOfPixel(sequentialTable(theme.value)[Math.round(255 * strength)]!);
  return { background: cssOf(background), color: inkOn(background) };
}

export function WordChips(props: WordChipsProps) {
  const { label, list, positions, chosen, times, onPoint, onPick } = props;
  const header = shown(record.value);
  if (positions.length === 0 || header === undefined) return null;
  const seen = positions.slice(0, MOST);
  const stop = seen.includes(chosen ?? -1) ? chosen : seen[0];
  return (
    <div class="word-chips" role="group" aria-label={label} onKeyDown={onKey}>
      {seen.map((position) => {
        const name = wordName(header, list, position);
        const weight = times?.(position);
        return (
          <button
            key={position}
            type="button"
            aria-pressed={position === chosen}
            tabIndex={position === stop ? 0 : -1}
            title={`${name}, position ${position}${weight === undefined ? "" : `: ${weight.toFixed(1)} × uniform`}`}
            style={weight === undefined ? {} : colours(weight)}
            onPointerEnter={() => onPoint(position)}
            onPointerLeave={() => onPoint(null)}
            onFocus={() => onPoint(position)}
            onBlur={() => onPoint(null)}
            onClick={() => onPick(position)}
          >
            <bdi>{elide(name, 20)}</bdi>
          </button>
        );
      })}
      {positions.length > MOST && <span>{positions.length - MOST} more</span>}
    </div>
  );
}
