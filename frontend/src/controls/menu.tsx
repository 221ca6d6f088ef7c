/** A button's content and the items under it → a button that opens a menu: arrow keys, Escape, a press beside it. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

export interface MenuButtonProps {
  /** Of the whole, of the button and of the menu. */
  readonly classes: { readonly whole: string; readonly button: string; readonly menu: string };
  /** Name of the menu. */
  readonly label: string;
  readonly title?: string;
  /** The button says what comes of it. */
  readonly isLive?: boolean;
  readonly content: ComponentChildren;
  readonly items: (close: () => void) => ComponentChildren;
}

export function MenuButton({ classes, label, title, isLive, content, items }: MenuButtonProps) {
  const open = useSignal(false);
  const whole = useRef<HTMLDivElement>(null);
  const close = (): void => {
    open.value = false;
    whole.current?.querySelector("button")?.focus();
  };
  useEffect(() => {
    const outside = (event: Event): void => {
      if (!whole.current?.contains(event.target as Node)) open.value = false;
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [open]);
  return (
    <div class={classes.whole} ref={whole}>
      <button
        type="button"
        class={classes.button}
        title={title}
        aria-haspopup="menu"
        aria-expanded={open.value}
        aria-live={isLive === true ? "polite" : undefined}
        onClick={() => (open.value = !open.value)}
      >
        {content}
      </button>
      {open.value && (
        <Menu class={classes.menu} label={label} close={close}>
          {items(close)}
        </Menu>
      )}
    </div>
  );
}

interface MenuProps {
  readonly class: string;
  readonly label: string;
  readonly close: () => void;
  readonly children: ComponentChildren;
}

/** The focus begins at the checked item, else at the first that can be had. */
function Menu({ class: name, label, close, children }: MenuProps) {
  const menu = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const find = (what: string) => menu.current?.querySelector<HTMLElement>(what);
    (find("[aria-checked=true]") ?? find("[role^=menuitem]:enabled"))?.focus();
  }, []);
  return (
    <div
      ref={menu}
      class={name}
      role="menu"
      aria-label={label}
      onKeyDown={(event) => {
        if (event.key === "Escape") close();
        else moveFocus(event.currentTarget, event);
      }}
    >
      {children}
    </div>
  );
}

/** Arrow keys go round the items. */
function moveFocus(menu: HTMLElement, event: KeyboardEvent): void {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (by === undefined) return;
  event.preventDefault();
  const items = [...menu.querySelectorAll<HTMLElement>("[role^=menuitem]:enabled")];
  const at = items.indexOf(document.activeElement as HTMLElement);
  items[(at + by + items.length) % items.length]?.focus();
}
