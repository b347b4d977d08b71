/** What is compared beside the points themselves, in the order of reports. */
export const VERIFY_CHECKS = {
  content: 'every point has the same vectors, metadata, text, URI and tenant on both sides',
  fields: 'fields have the same values, nulls and types on both sides',
  vectors: 'no vector is stored under another id',
  tenants: 'every tenant has as many points on both sides',
  retrieval: 'a sample of points is found by their own vectors',
  filters: 'filters let as many points through on both sides',
  metric: 'scores have the same metric on both sides, by their values',
  fingerprint: 'filters treat null, missing, arrays, case and limits alike on both sides',
  index: 'the target has the index that was wanted',
  strangers: 'nobody else wrote to the target',
} as const;
export type VerifyCheck = keyof typeof VERIFY_CHECKS;

/** Causes that are told by name; docs/migration.md says what each means. */
export const VERIFY_FINDINGS = [
  'field-lost',
  'type-drift',
  'null-handling',
  'values-lost',
  'vectors-shifted',
  'vectors-swapped',
  're-embedded',
  'tenant-counts',
  'not-retrieved',
  'filter-counts',
  'metric-mismatch',
  'filter-behaviour',
  'index-missing',
  'index-differs',
  'points-added',
  'changed-since-load',
] as const;
export type VerifyFindingName = (typeof VERIFY_FINDINGS)[number];

export interface VerifyFinding {
  check: VerifyCheck;
  finding: VerifyFindingName;
  /** Field, vector, tenant or filter that it is about; empty: the points. */
  of: string;
  what: string;
  /** Ids of some points, at most 5. */
  examples: readonly string[];
}

export interface CheckOutcome {
  check: VerifyCheck;
  title: string;
  state: 'same' | 'different' | 'not-asked';
  /** What was compared, or why it was not. */
  what: string;
}

/** Collects outcomes and findings. */
export class VerifyReport {
  readonly findings: VerifyFinding[] = [];
  readonly #outcomes = new Map<VerifyCheck, { asked: boolean; what: string }>();

  /** What was compared by a check. */
  asked(check: VerifyCheck, what: string): void {
    this.#outcomes.set(check, { asked: true, what });
  }

  notAsked(check: VerifyCheck, reason: string): void {
    if (!this.#outcomes.has(check)) this.#outcomes.set(check, { asked: false, what: reason });
  }

  add(
    check: VerifyCheck,
    finding: VerifyFindingName,
    of: string,
    what: string,
    examples: readonly string[] = [],
  ): void {
    this.findings.push({ check, finding, of, what, examples: examples.slice(0, 5) });
  }

  outcomes(contentDiffers: boolean): CheckOutcome[] {
    return (Object.keys(VERIFY_CHECKS) as VerifyCheck[]).map((check) => {
      const { asked = false, what = 'not asked' } = this.#outcomes.get(check) ?? {};
      const found =
        this.findings.some((each) => each.check === check) || (check === 'content' && contentDiffers);
      const state = found ? 'different' : asked ? 'same' : 'not-asked';
      return { check, title: VERIFY_CHECKS[check], state, what };
    });
  }
}
