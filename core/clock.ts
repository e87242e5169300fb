/** Wall time in whole microseconds since 1970. Only the gateway reads it; everything after it takes time from records. */
export function nowUs(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}
