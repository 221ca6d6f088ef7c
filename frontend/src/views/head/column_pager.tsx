/** More heads than columns → arrows that bring the next ones. */

export interface ColumnPagerProps {
  /** Heads in all, and which of them have a column. */
  count: number;
  first: number;
  columns: number;
  onPage: (first: number) => void;
}

export function ColumnPager({ count, first, columns, onPage }: ColumnPagerProps) {
  const end = Math.min(count, first + columns);
  return (
    <span class="column-pager">
      <button
        type="button"
        aria-label="Columns before"
        disabled={first === 0}
        onClick={() => {
          onPage(Math.max(0, first - columns));
        }}
      >
        ‹
      </button>
      columns {first + 1}–{end} of {count}
      <button
        type="button"
        aria-label="Columns after"
        disabled={end === count}
        onClick={() => {
          onPage(end);
        }}
      >
        ›
      </button>
    </span>
  );
}
