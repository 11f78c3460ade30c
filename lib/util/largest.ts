/**
 * Returns the largest of the values, and 0 if there are none. `Math.max` would overflow the stack with 100,000 clients or
 * more, because it takes values as arguments.
 *
 * @param values numbers of at least 0
 */
export function largest(values: Iterable<number>): number {
  let result = 0;
  for (const value of values) result = Math.max(result, value);
  return result;
}
