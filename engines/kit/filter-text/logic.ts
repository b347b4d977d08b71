/** Why a filter, or a part of it, has no portable form. */
export class Refused extends Error {}

/** A portable filter as people write it (docs/filters.md), or one that lets everything or nothing through. */
export type Portable = Readonly<Record<string, unknown>> | boolean;

/**
 * A condition with a third value (SQL's null): the points of which it is true, and those of which it is false, each as a
 * portable filter, which has no third value. What negations never ask for is never made.
 * Both throw `Refused` where there is no such filter.
 */
export interface Truth {
  isTrue(): Portable;
  isFalse(): Portable;
}

export const CONSTANT: Readonly<Record<'true' | 'false', Truth>> = {
  true: { isTrue: () => true, isFalse: () => false },
  false: { isTrue: () => false, isFalse: () => true },
};

/** Kleene's logic: a conjunction is false as soon as one of its parts is, whatever the others are. */
export function allOf(parts: readonly Truth[]): Truth {
  return {
    isTrue: () =>
      joined(
        '$and',
        parts.map((each) => each.isTrue()),
      ),
    isFalse: () =>
      joined(
        '$or',
        parts.map((each) => each.isFalse()),
      ),
  };
}

export function anyOf(parts: readonly Truth[]): Truth {
  return {
    isTrue: () =>
      joined(
        '$or',
        parts.map((each) => each.isTrue()),
      ),
    isFalse: () =>
      joined(
        '$and',
        parts.map((each) => each.isFalse()),
      ),
  };
}

export function not({ isTrue, isFalse }: Truth): Truth {
  return { isTrue: () => isFalse(), isFalse: () => isTrue() };
}

/** `… IS [NOT] TRUE` and the like, which are never null. @param value what it is asked to be */
export function is(truth: Truth, value: boolean): Truth {
  const has = () => (value ? truth.isTrue() : truth.isFalse());
  return { isTrue: has, isFalse: () => complement(has()) };
}

function complement(filter: Portable): Portable {
  return typeof filter === 'boolean' ? !filter : { $not: filter };
}

function joined(op: '$and' | '$or', parts: readonly Portable[]): Portable {
  const decides = op === '$or';
  if (parts.includes(decides)) return decides;
  const rest = parts.filter((each) => typeof each !== 'boolean');
  if (rest.length === 0) return !decides;
  return rest.length === 1 ? rest[0]! : { [op]: rest };
}

/** A condition on a field that holds a value wherever it is true or false: of nothing it is neither. */
export function onField(name: string, isTrue: Portable, isFalse?: Portable): Truth {
  return {
    isTrue: () => isTrue,
    isFalse: () => isFalse ?? { $and: [{ $not: isTrue }, { [name]: { $exists: true } }] },
  };
}
