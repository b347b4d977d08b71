/** Narrow no-break space: separates thousands without suggesting a decimal sign. */
const THIN = '\u202f';

/** Digits of an integer in groups of three: `1234567` becomes `1 234 567` with thin spaces. */
export function groupDigits(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+(?!\d))/g, THIN);
}
