/** Seconds since the epoch → how the step bar writes them. */

const time = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const whole = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });

/** The time of day, with the day when it is not `now`'s. */
export function shortTime(seconds: number, now: Date): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return "";
  const clock = time.format(date);
  return date.toDateString() === now.toDateString() ? clock : `${day.format(date)} ${clock}`;
}

export function fullTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? "" : whole.format(date);
}
