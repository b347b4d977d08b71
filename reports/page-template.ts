import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';
import { packageRoot } from '../common/paths.js';

/** A file of a page: a template, a sheet or a script, by its path under `reports/`. */
export const asset = (path: string): string => readFileSync(join(packageRoot, 'reports', path), 'utf8');

/** The sheets of a page as one: what all pages share, then its own in their order. */
export const styleOf = (...paths: readonly string[]): string =>
  ['assets/base.css', ...paths].map(asset).join('');

/**
 * The template at a path under `reports/`, with the partials (`_name.hbs`) of a folder of assets. What it inserts is
 * escaped. It is read anew for each page: rendering happens once per command, and nothing is kept between.
 */
export function templateOf(
  path: string,
  { partials }: { partials?: string } = {},
): HandlebarsTemplateDelegate {
  const engine = Handlebars.create();
  engine.registerHelper('eq', (a: unknown, b: unknown) => a === b);
  engine.registerHelper('has', (value: unknown) => value !== undefined);
  const files = partials === undefined ? [] : readdirSync(join(packageRoot, 'reports', partials));
  for (const file of files) {
    if (file.startsWith('_'))
      engine.registerPartial(file.slice(1, -'.hbs'.length), asset(`${partials}/${file}`));
  }
  return engine.compile(asset(path), { strict: false, preventIndent: true });
}

/** A view with each of its texts, at any depth, made fit to be seen: control characters would be invisible, or turn the text around. */
export function withTexts<T>(value: T, clean: (text: string) => string): T {
  if (typeof value === 'string') return clean(value) as T;
  if (Array.isArray(value)) return value.map((each) => withTexts(each, clean)) as T;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withTexts(each, clean)])) as T;
}
