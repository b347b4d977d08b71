import type { NativeField, ReadFilter } from '../contract/engine.js';
import {
  allOf,
  anyOf,
  CONSTANT,
  not,
  onField,
  type Portable,
  Refused,
  type Truth,
} from '../kit/filter-text/logic.js';
import { Cursor, shown, type Token, type TokenRule, tokensOf } from '../kit/filter-text/tokens.js';
import { type Literal, literalOf, valueFor } from '../kit/filter-text/values.js';

const TOKENS: readonly TokenRule[] = [
  { form: /\s+/y, kind: undefined },
  { form: /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/y, kind: 'text', value: unquoted },
  { form: /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\p{L}_])/uy, kind: 'number' },
  { form: /\{[A-Za-z_]\w*\}/y, kind: 'parameter', value: (text) => text.slice(1, -1) },
  { form: /[\p{L}_$][\p{L}\p{N}_$]*/uy, kind: 'name' },
  { form: /==|!=|<=|>=|&&|\|\||[<>()[\],!-]/y, kind: 'sign' },
];

function unquoted(text: string): string {
  const inner = text
    .slice(1, -1)
    .replaceAll(/\\(["'\\/])/g, (_, sign: string) => (sign === '\\' ? '\\\\' : sign));
  try {
    return JSON.parse(`"${inner.replaceAll(/(?<!\\)"/g, '\\"')}"`) as string;
  } catch {
    throw new Refused('a text has an escape that is not read here');
  }
}

interface Operand {
  name: string;
  /** A key of JSON, whose absence the versions of the server treat differently. */
  open: boolean;
}

type Expression =
  | { kind: 'truth'; truth: Truth }
  | { kind: 'operand'; operand: Operand }
  | { kind: 'literal'; literal: Literal };

/**
 * An expression of Milvus in the portable form, with exactly its meaning or not at all: comparisons of a field with a value (also
 * chained), `in`, `like` with `%`, `is [not] null`, `array_contains…`, `json_contains…`, keys of JSON by brackets, joined by `and`, `or`
 * and `not`. What would ask whether a key of JSON is missing is refused: versions of the server differ.
 * @param native the text, or `{ expr, params }` with values for `{name}`
 */
export function readFilter(native: unknown, fields: readonly NativeField[]): ReadFilter {
  try {
    const { text, parameters } = partsOf(native);
    const found = new Reader(tokensOf(text, TOKENS), fields, parameters).read();
    if (typeof found !== 'boolean') return { state: 'ok', filter: found };
    throw new Refused(found ? 'it lets every point through' : 'it lets no point through');
  } catch (error) {
    if (error instanceof Refused) return { state: 'refused', why: error.message };
    throw error;
  }
}

function partsOf(native: unknown): { text: string; parameters: Readonly<Record<string, unknown>> } {
  if (typeof native === 'string') return { text: native, parameters: {} };
  const { expr, filter = expr, params = {} } = (native ?? {}) as Record<string, unknown>;
  if (typeof filter === 'string' && params !== null && typeof params === 'object')
    return { text: filter, parameters: params as Readonly<Record<string, unknown>> };
  throw new Refused('it is neither a text nor { expr, params }');
}

const COMPARISONS: Readonly<Record<string, [op: string, opposite: string, mirrored: string]>> = {
  '>': ['$gt', '$lte', '<'],
  '>=': ['$gte', '$lt', '<='],
  '<': ['$lt', '$gte', '>'],
  '<=': ['$lte', '$gt', '>='],
};
const CONTAINS: Readonly<Record<string, string>> = {
  contains: '$contains',
  contains_all: '$containsAll',
  contains_any: '$containsAny',
};

class Reader {
  readonly #cursor: Cursor;
  readonly #fields: ReadonlyMap<string, NativeField>;
  readonly #parameters: Readonly<Record<string, unknown>>;

  constructor(
    tokens: readonly Token[],
    fields: readonly NativeField[],
    parameters: Readonly<Record<string, unknown>>,
  ) {
    this.#cursor = new Cursor(tokens);
    this.#fields = new Map(fields.map((field) => [field.name, field]));
    this.#parameters = parameters;
  }

  read(): Portable {
    const truth = this.#truth(this.#or());
    const { next } = this.#cursor;
    if (next.kind !== 'end') throw new Refused(`${shown(next)} is not read here`);
    return truth.isTrue();
  }

  #or(): Expression {
    const parts = [this.#and()];
    while (this.#cursor.takes('OR') || this.#cursor.takes('||')) parts.push(this.#and());
    return parts.length === 1 ? parts[0]! : truthOf(anyOf(parts.map((each) => this.#truth(each))));
  }

  #and(): Expression {
    const parts = [this.#not()];
    while (this.#cursor.takes('AND') || this.#cursor.takes('&&')) parts.push(this.#not());
    return parts.length === 1 ? parts[0]! : truthOf(allOf(parts.map((each) => this.#truth(each))));
  }

  #not(): Expression {
    if (!this.#cursor.takes('NOT') && !this.#cursor.takes('!')) return this.#predicate();
    return truthOf(not(this.#truth(this.#cursor.inside(() => this.#not()))));
  }

  #truth(expression: Expression): Truth {
    if (expression.kind === 'truth') return expression.truth;
    if (expression.kind === 'literal' && expression.literal.kind === 'boolean')
      return CONSTANT[expression.literal.value ? 'true' : 'false'];
    if (expression.kind === 'literal') throw new Refused('a value stands where a condition is due');
    const { name, type } = this.#fieldOf(expression.operand);
    if (type !== 'boolean')
      throw new Refused(`"${name}", of type ${type}, is no condition before ${shown(this.#cursor.next)}`);
    return this.#on(expression.operand, { $eq: true }, { $eq: false });
  }

  #predicate(): Expression {
    const cursor = this.#cursor;
    const left = this.#value();
    if (cursor.takes('IS')) {
      const negated = cursor.takes('NOT');
      cursor.needs('NULL');
      return truthOf(this.#null(left, negated));
    }
    if (cursor.takes('NOT', 'IN')) return truthOf(not(this.#in(left)));
    if (cursor.takes('IN')) return truthOf(this.#in(left));
    if (cursor.takes('LIKE')) return truthOf(this.#like(left, this.#value()));
    const parts: Truth[] = [];
    let last = left;
    for (;;) {
      const sign = ['==', '!=', ...Object.keys(COMPARISONS)].find((each) => cursor.takes(each));
      if (sign === undefined) break;
      const right = this.#value();
      parts.push(this.#compared(sign, last, right));
      last = right;
    }
    return parts.length === 0 ? left : truthOf(parts.length === 1 ? parts[0]! : allOf(parts));
  }

  #compared(sign: string, left: Expression, right: Expression): Truth {
    if (left.kind === 'literal' && right.kind === 'operand')
      return this.#compared(COMPARISONS[sign]?.[2] ?? sign, right, left);
    if (left.kind === 'literal' && right.kind === 'literal' && (sign === '==' || sign === '!=')) {
      const same = JSON.stringify(left.literal) === JSON.stringify(right.literal);
      return CONSTANT[same === (sign === '==') ? 'true' : 'false'];
    }
    if (left.kind !== 'operand' || right.kind !== 'literal')
      throw new Refused('read are comparisons of a field with a value alone');
    const { operand } = left;
    const value = this.#valueFor(operand, right.literal);
    const [op, opposite] = COMPARISONS[sign] ?? ['$eq', '$ne'];
    if (COMPARISONS[sign] === undefined) {
      const same = this.#on(operand, { $eq: value }, { $ne: value, $exists: true });
      return sign === '==' ? same : not(same);
    }
    if (this.#fieldOf(operand).type === 'boolean') throw new Refused('booleans have no order');
    return this.#on(operand, { [op]: value }, { [opposite]: value });
  }

  #null(left: Expression, negated: boolean): Truth {
    if (left.kind !== 'operand') throw new Refused('is null of something that is no field');
    if (left.operand.open)
      throw new Refused(`whether the key "${left.operand.name}" is null has no one meaning`);
    const { name } = this.#fieldOf(left.operand);
    return onField(name, { [name]: { $exists: negated } }, { [name]: { $exists: !negated } });
  }

  #in(left: Expression): Truth {
    if (left.kind !== 'operand') throw new Refused('in is read behind a field alone');
    const values = this.#list().map((literal) => this.#valueFor(left.operand, literal));
    if (values.length === 0) throw new Refused('a list is empty');
    return this.#on(left.operand, { $in: values }, { $nin: values, $exists: true });
  }

  #like(left: Expression, right: Expression): Truth {
    if (left.kind !== 'operand' || right.kind !== 'literal' || right.literal.kind !== 'text')
      throw new Refused('like is read between a field and a text alone');
    if (this.#fieldOf(left.operand).type !== 'string') throw new Refused('like of something that is no text');
    const { value } = right.literal;
    if (/[_\\]/.test(value)) throw new Refused('versions of the server differ in _ and \\ of like');
    return this.#on(left.operand, { $like: value });
  }

  /** A condition on a field; of a key of JSON only that it holds. */
  #on({ name, open }: Operand, holds: object, opposite?: object): Truth {
    const truth = onField(name, { [name]: holds }, opposite && { [name]: opposite });
    if (!open) return truth;
    return {
      isTrue: () => truth.isTrue(),
      isFalse: () => {
        throw new Refused(`whether points without the key "${name}" pass depends on the server's version`);
      },
    };
  }

  #fieldOf({ name }: Operand): NativeField {
    const field = this.#fields.get(name);
    if (field === undefined) throw new Refused(`"${name}" is no field of one type in the data`);
    return field;
  }

  #valueFor(operand: Operand, literal: Literal) {
    const field = this.#fieldOf(operand);
    if (field.type.endsWith('[]'))
      throw new Refused(`"${field.name}" is an array, and is compared as a whole`);
    return valueFor(field, literal, false);
  }

  #list(): Literal[] {
    if (this.#cursor.next.kind === 'parameter') {
      const given = this.#parameter(this.#cursor.take().value);
      if (!Array.isArray(given)) throw new Refused('a list is wanted');
      return given.map(literalOf);
    }
    this.#cursor.needs('[');
    const literals: Literal[] = [];
    if (this.#cursor.takes(']')) return literals;
    do {
      const value = this.#value();
      if (value.kind !== 'literal') throw new Refused('a list holds something that is no value');
      literals.push(value.literal);
    } while (this.#cursor.takes(','));
    this.#cursor.needs(']');
    return literals;
  }

  #value(): Expression {
    const cursor = this.#cursor;
    if (cursor.takes('(')) {
      const inner = cursor.inside(() => this.#or());
      cursor.needs(')');
      return inner;
    }
    const negative = cursor.takes('-');
    const token = cursor.take();
    const { kind, value } = token;
    if (kind === 'number')
      return { kind: 'literal', literal: { kind: 'number', value: `${negative ? '-' : ''}${value}` } };
    if (negative) throw new Refused('- is read before a number alone');
    if (kind === 'text') return { kind: 'literal', literal: { kind: 'text', value } };
    if (kind === 'parameter') return { kind: 'literal', literal: literalOf(this.#parameter(value)) };
    if (kind !== 'name') throw new Refused(`${shown(token)} stands where a value is due`);
    if (/^(true|false)$/i.test(value))
      return { kind: 'literal', literal: { kind: 'boolean', value: /^t/i.test(value) } };
    return cursor.takes('(') ? truthOf(this.#call(value)) : this.#field(value);
  }

  #field(first: string): Expression {
    const path = first === '$meta' ? [] : [first];
    while (this.#cursor.takes('[')) {
      const { kind, value } = this.#cursor.take();
      if (kind !== 'text') throw new Refused('an element of an array by its number has no portable form');
      path.push(value);
      this.#cursor.needs(']');
    }
    const name = path.join('.');
    // A key that no schema declares is one of JSON, too.
    const open = path.length > 1 || first === '$meta' || this.#fields.get(name)?.native === null;
    return { kind: 'operand', operand: { name, open } };
  }

  #call(name: string): Truth {
    const op = CONTAINS[/^(?:array|json)_(contains(?:_all|_any)?)$/i.exec(name)?.[1]?.toLowerCase() ?? ''];
    if (op === undefined) throw new Refused(`the function ${name.toLowerCase()} has no portable form`);
    const left = this.#value();
    if (left.kind !== 'operand') throw new Refused(`${name} of something that is no field`);
    const field = this.#fieldOf(left.operand);
    if (!field.type.endsWith('[]')) throw new Refused(`"${field.name}" is no array`);
    this.#cursor.needs(',');
    const values = op === '$contains' ? [this.#one()] : this.#list();
    this.#cursor.needs(')');
    if (values.length === 0) throw new Refused('a list is empty');
    const wanted = values.map((literal) => valueFor(field, literal, false));
    return this.#on(left.operand, { [op]: op === '$contains' ? wanted[0] : wanted });
  }

  #one(): Literal {
    const value = this.#value();
    if (value.kind === 'literal') return value.literal;
    throw new Refused('a value is wanted');
  }

  #parameter(name: string): unknown {
    if (Object.hasOwn(this.#parameters, name)) return this.#parameters[name];
    throw new Refused(`the log does not tell the value of {${name}}: write { expr, params }`);
  }
}

function truthOf(truth: Truth): Expression {
  return { kind: 'truth', truth };
}
