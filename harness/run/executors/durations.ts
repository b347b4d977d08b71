import type { Fault } from '../../../common/faults.js';
import type { ParameterSet } from '../../../common/parameters.js';

const SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };
const DURATION = /^(\d+(?:\.\d+)?) ?(ms|s|m|h)$/;

/** Options that are times: numbers of seconds, or a number with its unit. */
const TIMES = ['seconds', 'warmUp', 'timeout'] as const;

/** `500ms`, `30s`, `10m`, `8h` in seconds; undefined for anything else. */
export function secondsOf(text: string): number | undefined {
  const [, number, unit] = DURATION.exec(text) ?? [];
  return unit === undefined ? undefined : Number(number) * SECONDS[unit]!;
}

/**
 * Options with all times in seconds. `duration` is another word for `seconds`, for times that are written with their
 * unit.
 */
export function inSeconds(options: ParameterSet): { options: ParameterSet; issues: Fault[] } {
  const issues: Fault[] = [];
  const { duration, ...rest } = options;
  if (duration === undefined) return { options: converted(rest), issues };
  if (rest['seconds'] !== undefined)
    issues.push({ path: ['duration'], what: 'is the same as seconds: give one of them', got: duration });
  const seconds = typeof duration === 'string' ? secondsOf(duration) : undefined;
  if (seconds === undefined)
    issues.push({
      path: ['duration'],
      what: 'must be a number with its unit, such as 30s, 10m or 8h',
      got: duration,
    });
  return { options: converted({ ...rest, ...(seconds !== undefined && { seconds }) }), issues };
}

/** What is no duration stays as it is: the schema says what it should be. */
function converted(options: ParameterSet): ParameterSet {
  const times = TIMES.flatMap((name) => {
    const given = options[name];
    const seconds = typeof given === 'string' ? secondsOf(given) : undefined;
    return seconds === undefined ? [] : [[name, seconds] as const];
  });
  return { ...options, ...Object.fromEntries(times) };
}

/** JSON Schemas of options with what else may stand in place of a number of seconds: bounds are about numbers alone. */
export function withDurations(properties: Readonly<Record<string, object>>): Record<string, object> {
  const text = { pattern: DURATION.source };
  const times = TIMES.filter((name) => properties[name] !== undefined).map(
    (name) => [name, { ...properties[name], type: ['number', 'string'], ...text }] as const,
  );
  const duration = { type: 'string', ...text, description: 'seconds with its unit: 30s, 10m, 8h' };
  return {
    ...properties,
    ...Object.fromEntries(times),
    ...(properties['seconds'] !== undefined && { duration }),
  };
}
