/** Which tool is open → its panel at the right of the view. */

import { toolPanel } from "../state";
import { FindPanel } from "./find/find_panel";
import { HealthPanel } from "./health/health_panel";

export function ToolPanel() {
  if (toolPanel.value === "find") return <FindPanel />;
  return toolPanel.value === "health" ? <HealthPanel /> : null;
}
