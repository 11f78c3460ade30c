/** Matches a function whose parameters are plain names or patterns, without default values and rest parameters. */
const SIMPLE = /^(?:async\s+)?(?:(?:function\b\s*)?\*?\s*[^\s()=]*\s*\([^()=.]*\)|[^\s()=]+\s*=>)/;

/**
 * Whether a function may read its argument at this position. `length` ends at the first default value or rest parameter,
 * so the result is false only if the source text shows that there is none.
 *
 * @param position from 1
 */
export function mayUseArgument(callee: (...args: never[]) => unknown, position: number): boolean {
  if (callee.length >= position) return true;
  const source = Function.prototype.toString.call(callee);
  return !SIMPLE.test(source) || /\barguments\b/.test(source) || source.includes('[native code]');
}
