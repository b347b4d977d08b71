import type { SweepFact } from '../../engines/contract/facts.js';
import type { OptionsInput } from '../../engines/contract/options.js';
import type { TestApi } from './api.js';
import { recall, type Slice, slice } from './data.js';
import { build, type Contender, parsed, rowsOf, type Session } from './session.js';

export const COUNT = 3000;
export const QUERIES = 200;
/** Two neighbouring values may come out in the wrong order by this much, as some builds are random. */
const SLACK = 0.03;
/** Builds on servers, beside other work. */
const MOST_MS = 400_000;

export interface SweepOptions {
  /** Values that are measured; all if absent. */
  valuesOf?(sweep: SweepFact): SweepFact['values'];
  /** Why a sweep cannot be shown here; undefined: it can. */
  whyNot?(sweep: SweepFact): string | undefined;
  /** @param recalls by value */
  onMeasured?(sweep: SweepFact, recalls: number[]): void;
}

/** Every parameter reaches the engine: recall moves from its first value to its last as the engine's facts say. */
export function checkSweeps(
  { test, expect, afterAll }: TestApi,
  contender: Contender,
  options: SweepOptions = {},
): void {
  const { definition, facts } = contender;
  const { valuesOf = ({ values }: SweepFact) => values } = options;
  /** Whether several sweeps may search one build. */
  const shares = facts.restarts !== true;
  /** Sessions by complete index parameters: several sweeps search one build. */
  const sessions = new Map<string, Promise<Session>>();

  afterAll(async () => {
    for (const session of sessions.values()) await (await session).close();
  });

  async function sessionOf(index: OptionsInput['index'], data: Slice, threads: number): Promise<Session> {
    if (!shares) return build(contender, data, { index, threads });
    const key = JSON.stringify(parsed(definition, { index }).index);
    let session = sessions.get(key);
    if (session === undefined) {
      session = build(contender, data, { index, threads });
      sessions.set(key, session);
    }
    return session;
  }

  async function measure(sweep: SweepFact): Promise<number[]> {
    const data = await slice('cosine', COUNT, QUERIES);
    // A second thread only where it cannot cost determinism.
    const threads = definition.capabilities.deterministicBuild === 'never' ? 2 : 1;
    const recalls: number[] = [];
    let session: Session | undefined;
    for (const value of valuesOf(sweep)) {
      const { index, search } = withValue(sweep, value);
      if (session === undefined || sweep.part === 'index') {
        if (!shares) await session?.close();
        session = await sessionOf(index, data, threads);
      }
      const answers = await session.search(search, 10);
      recalls.push(recall(data, rowsOf(answers), 10));
    }
    if (!shares) await session?.close();
    return recalls;
  }

  test('every parameter that its schemas know is swept', () => {
    const known = Object.entries(definition.optionSchemas()).flatMap(([part, schema]) =>
      Object.keys((schema['properties'] ?? {}) as object).map((key) => `${part}.${key}`),
    );
    const swept = new Set(facts.sweeps.map(({ part, key }) => `${part}.${key}`));
    const fixedByName = [
      'index.type',
      // By what a query is sent moves no recall: `checkClients` holds it.
      'search.client',
      ...(facts.filterSettings ?? []),
      ...(facts.sweeps.some(({ key }) => key === 'quantization') ? [] : ['index.quantization']),
    ];
    expect([...swept].sort()).toEqual(known.filter((key) => !fixedByName.includes(key)).sort());
  });

  for (const sweep of facts.sweeps) {
    const { key, fixed, recall: direction, by } = sweep;
    const title = `${key} ${valuesOf(sweep).join(', ')} with ${JSON.stringify(fixed)}`;
    const unlike = options.whyNot?.(sweep);
    const why = unlike === undefined ? '' : ` (skipped: ${unlike})`;
    test.skipIf(unlike !== undefined)(
      `${title}: recall ${direction} by at least ${by}${why}`,
      async () => {
        const recalls = await measure(sweep);
        options.onMeasured?.(sweep, recalls);
        const sign = direction === 'rises' ? 1 : -1;
        const shown = `recalls ${recalls.join(', ')}`;
        expect(sign * (recalls.at(-1)! - recalls[0]!), shown).toBeGreaterThanOrEqual(by);
        for (let i = 1; i < recalls.length; i++)
          expect(sign * (recalls[i]! - recalls[i - 1]!), shown).toBeGreaterThan(-SLACK);
      },
      MOST_MS,
    );
  }
}

/** The combination with one value put in; a null leaves the key out. */
export function withValue(sweep: SweepFact, value: string | number | boolean | null): OptionsInput {
  const { [sweep.key]: _, ...rest } = sweep.fixed[sweep.part];
  const part = value === null ? rest : { ...rest, [sweep.key]: value };
  return { ...sweep.fixed, [sweep.part]: part };
}
