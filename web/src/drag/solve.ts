/** Solve A X = B by Gaussian elimination with pivots; A is [n][n], B is [n][columns]. */
export function solve(a: number[][], b: number[][]): number[][] {
  const n = a.length;
  const rows = a.map((row, k) => [...row, ...(b[k] ?? [])]);
  for (let column = 0; column < n; column++) {
    let best = column;
    for (let k = column + 1; k < n; k++) {
      if (Math.abs(rows[k]![column]!) > Math.abs(rows[best]![column]!)) best = k;
    }
    [rows[column], rows[best]] = [rows[best]!, rows[column]!];
    const pivot = rows[column]!;
    const lead = pivot[column]! || 1e-300;
    for (let k = column + 1; k < n; k++) {
      const row = rows[k]!;
      const share = row[column]! / lead;
      if (share === 0) continue;
      for (let j = column; j < row.length; j++) row[j] = row[j]! - share * pivot[j]!;
    }
  }
  const width = (b[0] ?? []).length;
  const found: number[][] = Array.from({ length: n }, () => new Array<number>(width).fill(0));
  for (let k = n - 1; k >= 0; k--) {
    for (let j = 0; j < width; j++) {
      let sum = rows[k]![n + j]!;
      for (let i = k + 1; i < n; i++) sum -= rows[k]![i]! * found[i]![j]!;
      found[k]![j] = sum / (rows[k]![k]! || 1e-300);
    }
  }
  return found;
}
