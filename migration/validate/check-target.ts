import type { EngineDefinition } from '../../engines/contract/engine.js';
import { whyNotName } from '../../engines/kit/holds.js';
import type { Place } from '../probe/place.js';
import { PROFILED_PARTS, type Profile } from '../probe/profile.js';
import type { TextProfile } from '../probe/text-profile.js';
import type { Findings } from './findings.js';

/** Longest text of a target; undefined: it has no documented limit. */
export function textLimit({ capabilities }: EngineDefinition): number | undefined {
  return capabilities.metadata?.maxTextBytes;
}

/** What a target does not hold as it is. Pure. */
export function checkTarget(
  { shape }: Place,
  profile: Profile,
  { title, capabilities }: EngineDefinition,
  findings: Findings,
): void {
  const { maxDimensions, points, idKinds, fieldNames } = capabilities;
  const limit = capabilities.metadata?.maxTextBytes;
  const tooLong = (of: string, { tooLong: met, longest }: TextProfile) =>
    findings.add(
      'target-text-too-long',
      of,
      met,
      `${met.count} texts are longer than ${limit} bytes, the longest has ${longest.bytes}`,
    );
  for (const part of PROFILED_PARTS) tooLong(part, profile.parts[part]);
  tooLong('id', profile.ids.texts);
  for (const { name, texts } of profile.fields) {
    tooLong(name, texts);
    const why = whyNotName(fieldNames, name.split('.')[0]!);
    if (why !== undefined) findings.whole('target-name', name, `${title}: ${why}`);
  }
  for (const { name, kind, type, dimensions } of shape.vectors) {
    const whole = (what: string) => findings.whole('target-vector', name, what);
    if (points === null) whole(`${title} keeps no whole points`);
    else if (kind !== 'dense' && !points.vectors[kind]) whole(`${title} has no ${kind} vectors`);
    else if (kind === 'dense' && !points.vectors.dense.includes(type))
      whole(`${title} has no vectors of ${type}`);
    if (maxDimensions !== null && dimensions > maxDimensions)
      whole(`${dimensions} dimensions, and ${title} takes up to ${maxDimensions}`);
  }
  if (shape.vectors.length > 1 && points?.vectors.several === false)
    findings.whole(
      'target-vector',
      '',
      `${title} has one vector a point, these have ${shape.vectors.length}`,
    );
  const { types } = profile.ids;
  const held = {
    integer: idKinds.includes('u64'),
    uuid: idKinds.includes('uuid'),
    string: idKinds.includes('string'),
  };
  for (const type of ['integer', 'uuid', 'string'] as const)
    if (types[type] > 0 && !held[type])
      findings.add(
        'target-id',
        type,
        { count: types[type], examples: [] },
        `${title} has no ids of that kind`,
      );
}
