import { InputError } from '../../common/errors.js';
import { suggest } from '../../common/nearest.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { ReadAs } from '../../engines/contract/points.js';
import {
  DETAIL_PARAMETERS,
  type DetailFrom,
  type DetailParameter,
  type Details,
  detailFrom,
  detailText,
  fieldsOf,
} from './details.js';

const COLUMNS = ['key', 'tenant', 'text', 'uri', 'omit'] as const satisfies readonly (keyof ReadAs)[];
const NAMES = [...COLUMNS, ...DETAIL_PARAMETERS] as const;
type Name = (typeof NAMES)[number];

/** What parameters say of a collection. */
export interface Parameters {
  /** For its engine. */
  as: ReadAs;
  details: Details;
}

/**
 * `collection?key=doc_id&tenant=org&omit=a,b`. In the collection's name `%3F`, `%23` and `%25` stand for `?`, `#` and `%`;
 * names in parameters are percent-encoded where they hold `&`, `,`, `#` or `%`.
 *
 * @param place for messages: what stands before the `#`
 * @throws InputError for a parameter that is none, with the nearest known name; its value, which may be a secret, is not shown
 */
export function parseCollection(text: string, place: string): { collection: string } & Parameters {
  const at = text.indexOf('?');
  const name = at < 0 ? text : text.slice(0, at);
  const collection = name.replace(/%(3F|23|25)/gi, (code) => decodeURIComponent(code));
  const where = `${place}#${name}`;
  const as: { -readonly [Key in keyof ReadAs]: ReadAs[Key] } = {};
  const details: Partial<Record<DetailParameter, DetailFrom>> = {};
  for (const pair of at < 0 ? [] : text.slice(at + 1).split('&')) {
    const [parameter, ...values] = pair.split('=');
    const value = values.join('=');
    if (!isName(parameter)) {
      throw new InputError(
        suggest(`unknown parameter "${parameter}" of the collection`, parameter, NAMES, ''),
        {
          where,
          next: `use ${NAMES.join(', ')}, such as #docs?key=doc_id&omit=raw,old; a ? in a name is written %3F`,
        },
      );
    }
    if (value === '') throw new InputError(`the parameter "${parameter}" names nothing`, { where });
    if (parameter === 'omit') {
      as.omit = [...(as.omit ?? []), ...value.split(',').map((each) => decoded(each, where))];
      continue;
    }
    if ({ ...as, ...details }[parameter] !== undefined)
      throw new InputError(`the parameter "${parameter}" is given twice`, { where });
    if (isDetail(parameter)) details[parameter] = detailFrom(decoded(value, where));
    else as[parameter] = decoded(value, where);
  }
  requireOnce(as, details, where);
  return { collection, as, details };
}

/** Of the parameters of a manifest those that say where details stand; files have others beside them. */
export function detailsIn(parameters: string): Details {
  const details: Partial<Record<DetailParameter, DetailFrom>> = {};
  for (const pair of parameters.replace(/^\?/, '').split('&')) {
    const [name, ...values] = pair.split('=');
    if (isName(name) && isDetail(name)) details[name] = detailFrom(decodeURIComponent(values.join('=')));
  }
  return details;
}

function isDetail(name: Name): name is DetailParameter {
  return (DETAIL_PARAMETERS as readonly string[]).includes(name);
}

function isName(text: string | undefined): text is Name {
  return (NAMES as readonly (string | undefined)[]).includes(text);
}

function decoded(text: string, where: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new InputError('holds a % that begins no character', {
      where,
      got: text,
      next: 'write a percent sign as %25',
      cause: error,
    });
  }
}

/** Throws InputError for a column that would be two things at once. */
function requireOnce({ omit = [], ...parts }: ReadAs, details: Details, where: string): void {
  const seen = new Set<string>();
  for (const column of [...Object.values(parts), ...fieldsOf(details), ...new Set(omit)]) {
    if (column === undefined || !seen.has(column)) {
      seen.add(column!);
      continue;
    }
    throw new InputError(`"${column}" is named for two things`, { where });
  }
}

/** Throws InputError naming what cannot be said of this engine's collections. */
export function requireReadable({ title, capabilities }: EngineDefinition, as: ReadAs, where: string): void {
  const known = capabilities.points?.readAs ?? [];
  const strange = COLUMNS.find((name) => as[name] !== undefined && !known.includes(name));
  if (strange === undefined) return;
  throw new InputError(
    strange === 'key'
      ? `${title} has ids of its own: no other key can be named`
      : `"${strange}" cannot be said of a collection of ${title}`,
    { where, ...(known.length > 0 && { next: `it takes ${known.join(', ')}` }) },
  );
}

/** The parameters as text, in one order; empty: there are none. */
export function parametersText({ as, details }: Parameters): string {
  const pairs = COLUMNS.flatMap((name) => {
    const value = as[name];
    if (value === undefined) return [];
    const names = (Array.isArray(value) ? [...value].sort() : [value]) as string[];
    return [`${name}=${names.map(encodeURIComponent).join(',')}`];
  });
  for (const name of DETAIL_PARAMETERS) {
    const from = details[name];
    if (from !== undefined) pairs.push(`${name}=${encodeURIComponent(detailText(from))}`);
  }
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}
