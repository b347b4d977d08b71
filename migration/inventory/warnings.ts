import type { Inventory } from './model.js';

/** What somebody who moves this collection should know, most serious first. Pure. */
export function warningsOf(inventory: Omit<Inventory, 'warnings'>): Inventory['warnings'] {
  return [
    ...countWarnings(inventory),
    ...vectorWarnings(inventory),
    ...fieldWarnings(inventory),
    ...filterWarnings(inventory),
  ];
}

type Warnings = Inventory['warnings'];

function countWarnings({ counts, ids, tenants }: Omit<Inventory, 'warnings'>): Warnings {
  const { counter, scanned, distinct, byId, repeated } = counts;
  const found: Warnings = [];
  const warn = (about: string, what: string) => found.push({ about, what });
  if (counter !== scanned) warn('counts', `the engine counts ${counter} points, and a scan gave ${scanned}`);
  if (distinct !== scanned) warn('ids', `${scanned - distinct} points repeat an id${examples(repeated)}`);
  if (byId !== null && byId.found !== byId.asked)
    warn(
      'counts',
      `${byId.asked - byId.found} of ${byId.asked} scanned ids are not found when asked for by id`,
    );
  if (byId !== null && byId.withVector !== byId.found)
    warn('vectors', `${byId.found - byId.withVector} points come without their vector when asked for by id`);
  if (byId !== null && byId.differing.count > 0)
    warn(
      'vectors',
      `${byId.differing.count} points have another vector when asked for by id than in the scan${examples(byId.differing)}`,
    );
  if (ids.empty > 0) warn('ids', `${ids.empty} ids are empty or white space`);
  if (tenants.points > 0 && tenants.without.count > 0)
    warn('tenants', `${tenants.without.count} points belong to no tenant${examples(tenants.without)}`);
  if (tenants.shared.count > 0)
    warn('tenants', `${tenants.shared.count} ids are in several tenants${examples(tenants.shared)}`);
  return found;
}

function vectorWarnings({ vectors }: Omit<Inventory, 'warnings'>): Warnings {
  return vectors.flatMap(({ name, declared, measured, zero, notFinite, wrongLength, absent, points }) => {
    const about = `vector ${name}`;
    const found: Warnings = [];
    const warn = (what: string) => found.push({ about, what });
    if (measured.state === 'measured' || measured.state === 'approximate') {
      if (declared === null)
        warn(`no metric is declared; its scores are ${measured.form} (${measured.metric})`);
      else if (declared !== measured.metric)
        warn(
          `the measured metric is ${measured.metric} (scores ${measured.form}), which contradicts the declared one, ${declared}`,
        );
    }
    if (measured.state === 'not-established' && points > 0)
      warn(`its metric could not be measured: ${measured.reason}`);
    if (notFinite.count > 0) warn(`${notFinite.count} hold NaN or infinity${examples(notFinite)}`);
    if (wrongLength.count > 0) warn(`${wrongLength.count} have other dimensions${examples(wrongLength)}`);
    if (zero.count > 0) warn(`${zero.count} are all zero${examples(zero)}`);
    if (absent.count > 0) warn(`${absent.count} points do not have it${examples(absent)}`);
    return found;
  });
}

function fieldWarnings({ fields }: Omit<Inventory, 'warnings'>): Warnings {
  return fields.flatMap(({ name, types, type, beyondDoubles, scalars, arrays, values }) => {
    const about = `field ${name}`;
    const found: Warnings = [];
    if (values > 0 && type === null && Object.keys(types).length > 1)
      found.push({ about, what: `its values are of several types: ${Object.keys(types).join(', ')}` });
    if (scalars > 0 && arrays > 0)
      found.push({ about, what: `${scalars} points have a single value and ${arrays} an array` });
    if (beyondDoubles.count > 0)
      found.push({
        about,
        what: `${beyondDoubles.count} integers are beyond 2^53, where JSON and JavaScript round${examples(beyondDoubles)}`,
      });
    return found;
  });
}

function filterWarnings({ fingerprint, queries }: Omit<Inventory, 'warnings'>): Warnings {
  const probes = fingerprint.flatMap((each) =>
    each.state === 'different'
      ? [
          {
            about: `filter ${each.probe}`,
            what: `${JSON.stringify(each.filter)} finds ${each.found} points, by the portable meaning ${each.expected}`,
          },
        ]
      : [],
  );
  const used = (queries?.filters ?? []).flatMap(({ filter, passes, found, problem, queries: of }) => {
    const about = `queries with ${JSON.stringify(filter)}`;
    if (problem !== null) return [{ about, what: `${of} of them: ${problem}` }];
    if (passes === 0) return [{ about, what: 'no point passes this filter' }];
    return found !== null && found !== passes
      ? [{ about, what: `the engine finds ${found} points, by the portable meaning ${passes}` }]
      : [];
  });
  return [...probes, ...used];
}

function examples({ examples: ids }: { examples: readonly string[] }): string {
  return ids.length === 0
    ? ''
    : ` (such as ${ids
        .slice(0, 3)
        .map((id) => JSON.stringify(id))
        .join(', ')})`;
}
