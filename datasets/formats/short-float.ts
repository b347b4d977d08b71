/** The shortest decimal digits that are this float32 again; a float64 has more of them than it needs. */
export function shortFloat(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 24)
    return Object.is(value, -0) ? '-0.0' : String(value);
  for (let digits = 6; digits < 9; digits++) {
    const text = Number(value.toPrecision(digits));
    if (Math.fround(text) === value) return String(text);
  }
  return String(Number(value.toPrecision(9)));
}
