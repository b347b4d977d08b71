import { InputError, messageOf } from '../../common/errors.js';
import { MOST_RECORD, readRegularText } from '../../common/regular-file.js';
import type { FieldSchema, FieldType } from '../../datasets/dataset.js';
import type { Filter } from '../../filters/filter.js';
import { parseFilter } from '../../filters/parse.js';
import { isArrayType } from '../../filters/values.js';
import type { Mapping } from '../mapping/mapping.js';
import { FieldProfiles, typesTogether } from '../probe/field-profile.js';
import { filterJson } from '../probe/filter-text.js';
import { askCount } from '../probe/fingerprint.js';
import type { Place } from '../probe/place.js';
import { chooseProbes, type ProbedField, type ProbeName, portableType, someValue } from '../probe/probes.js';
import type { VerifyReport } from './findings.js';

/** A filter that both sides are asked, in the target's names. */
export interface AskedFilter {
  filter: Filter;
  /** A probe of how filters behave, or a filter that counts points. */
  check: 'filters' | 'fingerprint';
  /** Name of the probe, or the filter itself. */
  of: string;
}

const LOOKED_AT = 2000;
const MOST_FIELDS = 12;

/** Filters that the first points of the source suggest: equality, ranges, values that lack, arrays; and the probes. */
export async function deriveFilters(source: Place, target: Place): Promise<AskedFilter[]> {
  const profiles = new FieldProfiles(target.shape.timestamps);
  let seen = 0;
  for await (const points of source.scan()) {
    for (const { id, metadata } of points) profiles.add(String(id), metadata);
    seen += points.length;
    if (seen >= LOOKED_AT) break;
  }
  const declared = new Map(declaredOf(target).map((field) => [field.name, field]));
  const fields = profiles.all().flatMap((profile): ProbedField[] => {
    const together = typesTogether(profile);
    const type = together.length > 1 ? undefined : portableType(declared.get(profile.name), together);
    return type === undefined ? [] : [{ profile, type }];
  });
  const counted = fields.slice(0, MOST_FIELDS).flatMap(filtersOfField);
  return [
    ...counted.map((filter): AskedFilter => ({ filter, check: 'filters', of: textOf(filter) })),
    ...chooseProbes(fields).flatMap((each): AskedFilter[] =>
      'filter' in each ? [{ filter: each.filter, check: 'fingerprint', of: each.probe }] : [],
    ),
  ];
}

function declaredOf({ live, manifest }: Place): readonly { name: string; type: FieldType | null }[] {
  return live?.description.fields ?? manifest?.fields ?? [];
}

function filtersOfField(field: ProbedField): Filter[] {
  const { profile, type } = field;
  const ref = { name: profile.name, type };
  const lacking: Filter[] =
    profile.nulls + profile.missing > 0 ? [{ op: 'exists', field: ref, value: false }] : [];
  if (isArrayType(type)) {
    const [probe] = chooseProbes([field]).filter((each) => each.probe === 'array');
    return [...lacking, ...(probe !== undefined && 'filter' in probe ? [probe.filter] : [])];
  }
  if (type === 'float') {
    const middle = middleOf(profile.some.filter((value) => typeof value === 'number'));
    return [
      ...lacking,
      ...(middle === undefined ? [] : [{ op: 'gte', field: ref, value: middle } as Filter]),
    ];
  }
  const value = someValue(field);
  if (value === undefined) return lacking;
  const ordered = type === 'integer' || type === 'timestamp';
  return [
    ...lacking,
    { op: 'eq', field: ref, value },
    ...(ordered ? [{ op: 'gte', field: ref, value } as Filter] : []),
  ];
}

/** Between two values, so that a last digit decides nothing. */
function middleOf(values: readonly number[]): number | undefined {
  const sorted = [...new Set(values)].filter(Number.isFinite).sort((a, b) => a - b);
  const at = sorted.length >> 1;
  return sorted.length < 2 ? undefined : sorted[at - 1]! + (sorted[at]! - sorted[at - 1]!) / 2;
}

function textOf(filter: Filter): string {
  return JSON.stringify(filterJson(filter));
}

/** Filters of a query file (JSON Lines with `filter`), in the target's names. @throws InputError for what is none */
export function readFilters(
  path: string,
  source: Place,
  target: Place,
  mapping: Mapping | undefined,
): AskedFilter[] {
  const fields = declaredOf(source).flatMap(({ name, type }): FieldSchema[] =>
    type === null ? [] : [{ name, type, nullable: true }],
  );
  const known = new Map(declaredOf(target).map((field) => [field.name, field.type]));
  const written = new Set<string>();
  for (const line of read(path).split('\n')) {
    if (line.trim() === '' || line.trimStart().startsWith('#')) continue;
    try {
      const { filter } = JSON.parse(line) as { filter?: unknown };
      if (filter !== undefined && filter !== null) written.add(JSON.stringify(filter));
    } catch (error) {
      throw new InputError(`holds a line that is not JSON: ${messageOf(error)}`, {
        where: path,
        cause: error,
      });
    }
  }
  return [...written].map((text): AskedFilter => {
    const parsed = parseFilter(JSON.parse(text), fields);
    if (parsed.state === 'invalid') {
      const [fault] = parsed.faults;
      throw new InputError(`${fault?.path.join('.')} ${fault?.what}`, { where: path, got: text });
    }
    const renamed = withNames(parsed.filter, (name, type) => {
      const to = mapping?.fields.find(({ from }) => from === name)?.to ?? name;
      return { name: to, type: known.get(to) ?? type };
    });
    return { filter: renamed, check: 'filters', of: text };
  });
}

function read(path: string): string {
  try {
    return readRegularText(path, MOST_RECORD);
  } catch (error) {
    throw new InputError(`cannot be read: ${messageOf(error)}`, { where: path, cause: error });
  }
}

type Rename = (name: string, type: FieldType) => { name: string; type: FieldType };

function withNames(filter: Filter, rename: Rename): Filter {
  switch (filter.op) {
    case 'and':
    case 'or':
      return { ...filter, filters: filter.filters.map((each) => withNames(each, rename)) };
    case 'not':
      return { ...filter, filter: withNames(filter.filter, rename) };
    default:
      return { ...filter, field: rename(filter.field.name, filter.field.type) };
  }
}

/**
 * Counts by the points of both sides, and by the engines themselves.
 * @param sides `sameIds`: no point is missing or extra; `leavesOut`: the mapping leaves points out, which the source's engine counts
 */
export async function compareFilters(
  asked: readonly AskedFilter[],
  counts: { source: readonly number[]; target: readonly number[] },
  sides: { source: Place; target: Place; mapping: Mapping | undefined; sameIds: boolean; leavesOut: boolean },
  report: VerifyReport,
): Promise<void> {
  const said = { filters: { all: 0, engine: 0 }, fingerprint: { all: 0, engine: 0 } };
  for (const [at, { filter, check, of }] of asked.entries()) {
    const [mine, theirs] = [counts.source[at]!, counts.target[at]!];
    said[check].all++;
    const target = sides.target.live && (await askCount(sides.target.live, filter));
    const back = backToSource(filter, sides.mapping);
    const source =
      sides.leavesOut || sides.source.live === undefined || back === undefined
        ? undefined
        : await askCount(sides.source.live, back);
    const [found, before] = [target, source].map((each) =>
      each?.state === 'asked' ? each.count : undefined,
    );
    if (found !== undefined) said[check].engine++;
    const words = [
      `${mine} points of the source pass`,
      ...(before === undefined ? [] : [`its engine finds ${before}`]),
      `${theirs} of the target`,
      ...(found === undefined ? [] : [`its engine finds ${found}`]),
    ].join(', ');
    const same = theirs === mine && (found === undefined || found === (before ?? mine));
    const exported =
      check === 'fingerprint' ? sides.source.manifest?.filters?.probes[of as ProbeName] : undefined;
    if (same && exported === 'different' && found !== undefined) {
      const what = `when it was exported, the source's own engine answered it otherwise than docs/filters.md says; the target's does not`;
      report.add(check, 'filter-behaviour', of, `${textOf(filter)}: ${what}`);
      continue;
    }
    // Where points are missing or extra, other counts follow from it, and have been told.
    if (same || (!sides.sameIds && (found === undefined || found === theirs))) continue;
    const what = check === 'fingerprint' ? `${textOf(filter)}: ${words}` : words;
    report.add(check, check === 'filters' ? 'filter-counts' : 'filter-behaviour', of, what);
  }
  for (const check of ['filters', 'fingerprint'] as const) {
    const { all, engine } = said[check];
    if (all === 0) report.notAsked(check, 'no field can be filtered');
    else if (check === 'fingerprint' && engine === 0)
      report.notAsked(check, 'the target answers no filters itself');
    else report.asked(check, `${all} filters, ${engine} of them by the target’s engine itself`);
  }
}

/** In the source's names; undefined: a field is another one there. */
function backToSource(filter: Filter, mapping: Mapping | undefined): Filter | undefined {
  if (mapping === undefined) return filter;
  let known = true;
  const back = withNames(filter, (name, type) => {
    const field = mapping.fields.find(({ to }) => to === name);
    if (field === undefined || field.as !== 'is') known = false;
    return { name: field?.from ?? name, type };
  });
  return known ? back : undefined;
}
