/** Small pictures on buttons. */

export const SearchIcon = () => (
  <svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true">
    <circle cx="8" cy="8" r="5.5" fill="none" stroke="currentColor" stroke-width="2" />
    <path d="m12 12 5.5 5.5" stroke="currentColor" stroke-width="2" />
  </svg>
);

export const MenuIcon = () => (
  <svg width="18" height="14" viewBox="0 0 18 14" aria-hidden="true">
    <path d="M0 1h18M0 7h18M0 13h18" stroke="currentColor" stroke-width="2" />
  </svg>
);

export const PlayIcon = () => (
  <svg width="11" height="14" viewBox="0 0 11 14" aria-hidden="true">
    <path d="M0 0v14l11-7z" fill="currentColor" />
  </svg>
);

export const PauseIcon = () => (
  <svg width="11" height="14" viewBox="0 0 11 14" aria-hidden="true">
    <path d="M0 0h4v14H0zM7 0h4v14H7z" fill="currentColor" />
  </svg>
);

export const DownIcon = () => (
  <svg width="8" height="4" viewBox="0 0 8 4" aria-hidden="true">
    <path d="M0 0h8L4 4z" fill="currentColor" />
  </svg>
);

/** Something cannot be read. */
export const DamageIcon = ({ size }: { size: number }) => (
  <svg width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
    <circle cx="8" cy="8" r="7" fill="var(--background)" stroke="var(--error)" stroke-width="2" />
    <path d="M8 4v5" stroke="var(--error)" stroke-width="2" />
    <circle cx="8" cy="11.5" r="1.1" fill="var(--error)" />
  </svg>
);

export const DamagedThumb = () => (
  <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
    <circle cx="7" cy="7" r="6" fill="var(--background)" stroke="var(--error)" stroke-width="2" />
    <path d="m4.8 4.8 4.4 4.4m0-4.4-4.4 4.4" stroke="var(--error)" stroke-width="1.8" />
  </svg>
);
