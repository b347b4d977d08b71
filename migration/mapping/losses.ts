import { parseJson } from '../../common/json.js';
import type { Metric } from '../../datasets/dataset.js';
import type { Capabilities } from '../../engines/contract/capabilities.js';
import { parseFilter } from '../../filters/parse.js';
import type { Manifest } from '../export/manifest.js';
import { isMetric } from '../export/metric.js';
import { filterFields, translateFilter } from './filters.js';
import type { Loss, LossKind, Mapping } from './mapping.js';
import type { Observed, Seen } from './observe.js';

/** How bad each loss is by itself, and what can be done. */
const LOSS: Readonly<Record<LossKind, { severity: Loss['severity']; remedy: string }>> = {
  'id-as-text': {
    severity: 'warning',
    remedy: 'the application has to ask by the text of the id; or choose a target with such ids',
  },
  'id-mapped': {
    severity: 'warning',
    remedy:
      'the application has to ask by the new ids: look them up with "vecproof map <mapping> --lookup <id>"',
  },
  'auto-ids-dropped': {
    severity: 'warning',
    remedy:
      'the ids that are there stay; for new points the application has to give ids: random ones, or numbers behind the largest one',
  },
  'ttl-dropped': {
    severity: 'serious',
    remedy:
      'points would no longer expire: delete them by a job, or set the expiry in the target once it is loaded',
  },
  'vector-dropped': {
    severity: 'serious',
    remedy: 'choose a target that holds it, or move it to a collection of its own',
  },
  'vector-widened': {
    severity: 'note',
    remedy: 'none needed: float32 holds the same numbers, in more space',
  },
  'vector-rounded': { severity: 'note', remedy: 'none needed: an error of two units in the last place' },
  'vector-normalised': {
    severity: 'warning',
    remedy: 'rankings by cosine stay the same, lengths are lost; keep them in a field if they are needed',
  },
  'vector-absent': {
    severity: 'serious',
    remedy: 'give these points the vector, or leave them out knowingly',
  },
  'vector-not-finite': { severity: 'serious', remedy: 'compute these vectors again: no target holds them' },
  'metric-not-told': {
    severity: 'serious',
    remedy: 'write the metric that the application relies on in place of null',
  },
  'metric-contradicted': {
    severity: 'serious',
    remedy:
      'the source answers by another metric than it declares: write the one that the application relies on in "metric"',
  },
  'metric-changed': { severity: 'serious', remedy: 'the ranking changes: choose a target with the metric' },
  'metric-not-available': {
    severity: 'serious',
    remedy: 'the ranking changes: choose a target with the metric',
  },
  'threshold-untranslatable': {
    severity: 'serious',
    remedy: 'choose a new threshold by measuring which hits of known queries it keeps',
  },
  'required-missing': {
    severity: 'serious',
    remedy:
      'give these points the field in the source: nobody knows who may see them, and they are not loaded; or write "required: false" if it decides nothing',
  },
  'filter-untranslatable': {
    severity: 'serious',
    remedy: 'the application cannot ask this of the target: keep the field, or change the query',
  },
  'filter-means-other': {
    severity: 'warning',
    remedy: 'compare what it lets through on both sides with "vecproof parity"',
  },
  'field-dropped': { severity: 'serious', remedy: 'give it a name in "to"' },
  'field-renamed': { severity: 'warning', remedy: 'filters of the application have to use the new name' },
  'field-as-text': {
    severity: 'warning',
    remedy: 'filters by type or range no longer work on it; make its values one type in the source',
  },
  'text-too-long': {
    severity: 'serious',
    remedy: 'shorten the text, or leave these points out knowingly',
  },
  'timestamp-as-integer': { severity: 'warning', remedy: 'filters have to compare microseconds since 1970' },
  'name-as-path': { severity: 'warning', remedy: 'the key comes back as a nested object; rename it' },
  'missing-as-null': { severity: 'note', remedy: 'filters on null find these points, too' },
  'null-as-missing': { severity: 'note', remedy: 'filters on null do not find these points' },
  'empty-object-as-missing': { severity: 'note', remedy: 'none: the target has no empty objects' },
  'text-dropped': { severity: 'serious', remedy: 'choose a target that keeps texts' },
  'uri-dropped': { severity: 'warning', remedy: 'choose a target that keeps URIs' },
  'tenant-dropped': {
    severity: 'serious',
    remedy:
      'points of all tenants would be in one: write {tenant} into the name of the target, and each has a collection',
  },
  'namespace-dropped': {
    severity: 'serious',
    remedy:
      'points of all namespaces would be in one: give it a field in "details", or export each by itself',
  },
  'partition-dropped': {
    severity: 'warning',
    remedy: 'searches of one partition need a field to filter by: give it one in "details"',
  },
  'version-dropped': {
    severity: 'note',
    remedy: 'which of two states is newer cannot be told in the target: give it a field in "details"',
  },
  'provenance-dropped': {
    severity: 'note',
    remedy: 'give it a field in "details"; the export says which model and text each vector came from, too',
  },
};

/**
 * Everything that a mapping does not preserve of exactly these points, computed before anything moves. Pure.
 * @returns losses in a fixed order, none of them accepted
 */
export function lossesOf(
  mapping: Mapping,
  manifest: Manifest,
  observed: Observed,
  target: Capabilities,
): Loss[] {
  return [
    ...idLosses(mapping, manifest),
    ...expiryLosses(manifest),
    ...vectorLosses(mapping, manifest, observed, target),
    ...fieldLosses(mapping, observed, target),
    ...requiredLosses(mapping, observed),
    ...partLosses(mapping, manifest),
    ...detailLosses(mapping, manifest),
    ...applicationLosses(mapping, observed, target),
  ].filter(({ points, loss }) => points > 0 || loss === 'metric-not-told' || loss === 'metric-not-available');
}

function lossOf(loss: LossKind, of: string, { points, example }: Partial<Seen> & { points: number }): Loss {
  const shown = example === undefined ? {} : { example: String(example) };
  return { loss, of, points, ...shown, ...LOSS[loss], accepted: false };
}

function idLosses({ target, ids: rule }: Mapping, { ids, source, counts }: Manifest): Loss[] {
  const { how } = rule;
  // No target is made with ids of its own making: points of an export have theirs.
  const automatic = lossOf('auto-ids-dropped', '', { points: source.autoIds === true ? counts.exported : 0 });
  if (how !== 'identity' && how !== 'text')
    return [lossOf('id-mapped', '', { points: ids.integer + ids.string + ids.uuid }), automatic];
  const text = target.ids === 'string' ? ids.integer + ids.uuid : 0;
  // A UUID is a text that happens to have a form: as text it is found by the same id.
  return [lossOf('id-as-text', '', { points: text }), automatic];
}

/** No target is made with points that expire. */
function expiryLosses({ source, counts }: Manifest): Loss[] {
  const { ttl } = source;
  return ttl === undefined
    ? []
    : [{ ...lossOf('ttl-dropped', '', { points: counts.exported }), example: ttl }];
}

/** Points that nobody could say who may see: they are never loaded. */
function requiredLosses({ fields }: Mapping, observed: Observed): Loss[] {
  return fields.flatMap(({ from, required }) => {
    const field = observed.fields.find(({ name }) => name === from);
    if (!required || field === undefined) return [];
    const { missing, nulls } = field;
    return [
      lossOf('required-missing', from, {
        points: missing.points + nulls.points,
        example: missing.example ?? nulls.example,
      }),
    ];
  });
}

/** What the application asks and can no longer: of these losses, `points` are queries or thresholds. */
function applicationLosses(
  { filters, thresholds, fields }: Mapping,
  observed: Observed,
  target: Capabilities,
): Loss[] {
  const known = filterFields(observed);
  const found = filters.flatMap(({ shape, queries, source }) => {
    const parsed = parseFilter(parseJson(source), known);
    const translated = parsed.state === 'ok' ? translateFilter(parsed.filter, fields, target) : undefined;
    if (translated?.state === 'same' || translated?.state === 'translated') return [];
    const kind =
      translated?.state === 'means-other'
        ? ('filter-means-other' as const)
        : ('filter-untranslatable' as const);
    return [{ ...lossOf(kind, shape, { points: queries }), example: source }];
  });
  const without = thresholds.filter(({ target: to }) => to === null);
  return [
    ...found,
    ...without.map(({ vector, source }) =>
      lossOf('threshold-untranslatable', `${vector} ${source}`, { points: 1 }),
    ),
  ];
}

function vectorLosses(
  mapping: Mapping,
  manifest: Manifest,
  observed: Observed,
  target: Capabilities,
): Loss[] {
  return mapping.vectors.flatMap(({ from, to, type, metric }) => {
    const source = manifest.vectors.find(({ name }) => name === from);
    if (source === undefined) return [];
    if (to === null) return [lossOf('vector-dropped', from, source)];
    const absent = observed.absentVectors.get(from) ?? { points: 0, example: undefined };
    return [
      ...(type === source.type ? [] : [lossOf('vector-widened', from, source)]),
      ...(target.points!.vectors.absent === 'refused' ? [lossOf('vector-absent', from, absent)] : []),
      lossOf('vector-not-finite', from, { points: source.notFinite }),
      ...changes(
        source.kind === 'dense' && metric !== null && isMetric(metric) ? metric : undefined,
        target,
      ).map((how) => lossOf(`vector-${how}`, from, source)),
      ...(metric === null
        ? [lossOf(source.metric === null ? 'metric-not-told' : 'metric-not-available', from, source)]
        : []),
      ...(metric !== null && source.metric !== null && metric !== source.metric
        ? [lossOf('metric-changed', from, source)]
        : []),
      ...(isContradicted(source) && metric === source.metric
        ? [
            {
              ...lossOf('metric-contradicted', from, source),
              example: `its scores are of ${source.measuredMetric}`,
            },
          ]
        : []),
    ];
  });
}

function isContradicted({ metric, measuredMetric }: Manifest['vectors'][number]): boolean {
  return metric !== null && measuredMetric !== null && metric !== measuredMetric;
}

/** How the target changes dense vectors under a metric. */
function changes(metric: Metric | undefined, { points }: Capabilities): ('rounded' | 'normalised')[] {
  const how = metric === undefined ? undefined : points!.vectors.changed?.[metric];
  return how === undefined ? [] : [how];
}

function fieldLosses({ fields }: Mapping, observed: Observed, target: Capabilities): Loss[] {
  const mapped = new Map(fields.map((each) => [each.from, each]));
  const { absence, nested } = target.metadata ?? { absence: 'kept', nested: 'native' };
  const losses = observed.fields.flatMap((field): Loss[] => {
    const { to, as, from } = mapped.get(field.name) ?? { to: null, as: 'is', from: field.name };
    const values = sum([...field.types.values()]);
    const all = {
      points: values.points + field.nulls.points,
      example: values.example ?? field.nulls.example,
    };
    if (to === null) return [lossOf('field-dropped', from, all)];
    return [
      ...(to === from ? [] : [lossOf('field-renamed', from, all)]),
      ...(as === 'text' ? [lossOf('field-as-text', from, values)] : []),
      lossOf('text-too-long', from, field.tooLong),
      ...(as === 'integer' ? [lossOf('timestamp-as-integer', from, values)] : []),
      ...(nested === 'flattened' && to === from ? [lossOf('name-as-path', from, field.literal)] : []),
      ...(absence === 'null' ? [lossOf('missing-as-null', from, field.missing)] : []),
      ...(absence === 'missing' ? [lossOf('null-as-missing', from, field.nulls)] : []),
    ];
  });
  return [
    ...losses,
    lossOf('text-too-long', '', observed.tooLong),
    ...(nested === 'native' ? [] : [lossOf('empty-object-as-missing', '', observed.emptyObjects)]),
  ];
}

function sum(seen: readonly Seen[]): Seen {
  return { points: seen.reduce((total, { points }) => total + points, 0), example: seen[0]?.example };
}

function partLosses(mapping: Mapping, manifest: Manifest): Loss[] {
  return (['text', 'uri', 'tenant'] as const).flatMap((part) =>
    mapping[part] ? [] : [lossOf(`${part}-dropped`, '', { points: manifest[part] })],
  );
}

/** No engine has a place of its own for them: those that get no field are lost. */
function detailLosses({ details: mapped }: Mapping, { details }: Manifest): Loss[] {
  return Object.entries(details).flatMap(([name, points]): Loss[] => {
    const kept = mapped.find(({ from, to }) => from === name && to !== null);
    const asInteger = kept?.type === 'integer' && (name === 'updated' || name === 'provenance.created');
    if (kept !== undefined) return asInteger ? [lossOf('timestamp-as-integer', name, { points })] : [];
    const [kind] = name.split('.');
    const loss =
      kind === 'updated' ? 'version' : (kind as 'namespace' | 'partition' | 'version' | 'provenance');
    return [lossOf(`${loss}-dropped`, name, { points })];
  });
}

/** Losses that nobody has accepted for as many points as they concern: they stop a load. */
export function unaccepted(mapping: Mapping, computed: readonly Loss[]): Loss[] {
  return computed.filter(
    ({ loss, of, points }) =>
      !mapping.losses.some(
        (each) => each.loss === loss && each.of === of && each.points >= points && each.accepted !== false,
      ),
  );
}
