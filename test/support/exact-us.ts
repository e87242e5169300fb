/**
 * A decimal number of seconds (1e6) or milliseconds (1e3) in whole microseconds, rounded from all digits of the double:
 * a product would have been rounded before.
 */
export function exactUs(cell: string, scaleUs: 1e6 | 1e3): number {
  const digits = Math.log10(scaleUs);
  const [whole, fraction] = Number(cell).toFixed(20).split('.') as [string, string];
  return Number(whole + fraction.slice(0, digits)) + (fraction[digits]! >= '5' ? 1 : 0);
}
