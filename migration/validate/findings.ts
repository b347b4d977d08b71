import type { Met } from '../probe/examples.js';
import { CHECK_NAMES, CHECKS, type CheckName } from './catalogue.js';
import type { Finding, Validation } from './model.js';

/** Collects what checks find, and what was not checked. */
export class Findings {
  readonly #found: Finding[] = [];
  readonly #unchecked = new Map<CheckName, string>();

  /** @param met with `count` 0 nothing was found, unless `always` */
  add(check: CheckName, of: string, { count, examples }: Met, what: string, always = false): void {
    if (count === 0 && !always) return;
    const { severity, remedy } = CHECKS[check];
    this.#found.push({ check, severity, of, points: count, examples: examples.slice(0, 5), what, remedy });
  }

  /** Of the collection as a whole. */
  whole(check: CheckName, of: string, what: string): void {
    this.add(check, of, { count: 0, examples: [] }, what, true);
  }

  notChecked(reason: string, ...checks: readonly CheckName[]): void {
    for (const check of checks) if (!this.#unchecked.has(check)) this.#unchecked.set(check, reason);
  }

  /** In the order of the catalogue. */
  result(): Pick<Validation, 'checks' | 'findings' | 'counts'> {
    const counts = { error: 0, warning: 0, note: 0 };
    for (const { severity } of this.#found) counts[severity]++;
    return {
      counts,
      findings: this.#found.toSorted((a, b) => CHECK_NAMES.indexOf(a.check) - CHECK_NAMES.indexOf(b.check)),
      checks: CHECK_NAMES.map((check) => {
        const { finds, severity } = CHECKS[check];
        const found = this.#found.some((each) => each.check === check);
        const reason = this.#unchecked.get(check);
        if (found || reason === undefined)
          return { check, finds, severity, state: found ? 'found' : 'clean' } as const;
        return { check, finds, severity, state: 'not-checked', reason } as const;
      }),
    };
  }
}
