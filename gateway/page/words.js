/* Every text of the page, in Chinese and English. word("key") is in the chosen language. */
const table = {
  live: ["实时", "Live"], history: ["历史", "History"], devices: ["设备", "Devices"],
  skip: ["跳到内容", "Skip to content"], views: ["视图", "Views"],
  dark: ["深色", "Dark"], light: ["浅色", "Light"], other_language: ["English", "中文"],
  connecting: ["连接中", "Connecting"], online: ["实时", "Live"], stale: ["已停滞 {0}", "Stale for {0}"],
  offline: ["离线，自 {0}", "Offline since {0}"],
  grid: ["电网", "Grid"], pv: ["光伏", "PV"], wind: ["风电", "Wind"], generator: ["发电机", "Generator"],
  storage: ["储能", "Storage"], load: ["负荷", "Load"],
  importing: ["购电", "Importing"], exporting: ["上网", "Exporting"], charging: ["充电", "Charging"],
  discharging: ["放电", "Discharging"], idle: ["静置", "Idle"], generating: ["发电", "Generating"],
  consuming: ["用电", "Consuming"], own_draw: ["自耗", "Own draw"],
  flow: ["源网荷储功率", "Power flow"], flow_text: ["电网 {0}，光伏 {1}，储能 {2}，负荷 {3}", "Grid {0}, PV {1}, storage {2}, load {3}"],
  demand: ["需量", "Demand"], demand_now: ["当前（滑差 15 分钟）", "Now (sliding 15 min)"],
  demand_forecast: ["本时段预测", "Forecast of this block"], contract: ["合同需量", "Contract"],
  block_left: ["本时段剩余 {0} 分钟", "{0} min left in this block"], no_contract: ["未配置合同需量", "No contract demand is configured"],
  shed: ["建议立即压减 {0}", "Shed {0} now"],
  today: ["今日", "Today"], import_kwh: ["购电量", "Import"], pv_kwh: ["光伏发电量", "PV energy"], cost: ["电度电费", "Energy cost"],
  carbon: ["碳排放（位置法）", "Carbon (location-based)"], against: ["较昨日同期 {0}", "{0} against yesterday"],
  estimated: ["估算", "estimated"], no_yesterday: ["昨日同期无数据", "nothing of yesterday"],
  coverage: ["数据完整 {0}", "{0} measured"], soc: ["储能电量 SOC", "Storage SOC"], devices_online: ["在线设备", "Devices online"],
  last_minutes: ["最近 15 分钟功率", "Power, last 15 minutes"], tariff_day: ["今日电价时段", "Tariff periods of today"],
  sharp: ["尖", "Sharp"], peak: ["峰", "Peak"], flat: ["平", "Flat"], valley: ["谷", "Valley"], deep: ["深谷", "Deep valley"],
  no_tariff: ["未配置电价", "No tariff is configured"], now: ["当前", "now"], unknown: ["未知", "unknown"],
  point: ["测点", "Series"], span: ["时间范围", "Span"], last_hour: ["近 1 小时", "Last hour"], last_day: ["近 24 小时", "Last 24 hours"],
  last_week: ["近 7 天", "Last 7 days"], last_month: ["近 31 天", "Last 31 days"], last_year: ["近 1 年", "Last year"],
  compare: ["与前一周期对比", "Compare with the span before"], download: ["下载 CSV", "Download CSV"], site_sums: ["全站", "Site"],
  no_rows: ["该时段没有数据", "There is nothing in this span"], rows: ["{0} 行，步长 {1}", "{0} rows, step {1}"],
  before: ["前一周期", "Span before"], range: ["最小—最大", "min to max"], mean: ["平均", "Mean"],
  alerts: ["告警", "Alerts"], alerts_open: ["未结", "Open"], alerts_overdue: ["逾期", "Overdue"], alerts_all: ["全部", "All"], no_alerts: ["没有告警", "No alerts"],
  show: ["显示", "Show"], standing: ["存在", "standing"], gone: ["已消除", "gone"], overdue: ["逾期", "overdue"],
  handling_open: ["待处理", "to be handled"], handling_acknowledged: ["已确认", "acknowledged"], handling_refused: ["已拒绝", "refused"], handling_closed: ["已销号", "closed"],
  severity_info: ["提示", "info"], severity_warning: ["警告", "warning"], severity_major: ["重要", "major"], severity_critical: ["严重", "critical"],
  step_raised: ["触发", "raised"], step_reopened: ["重新触发", "reopened"], step_escalated: ["升级", "escalated"], step_eased: ["缓和", "eased"], step_cleared: ["消除", "cleared"],
  step_acknowledged: ["确认", "acknowledged"], step_refused: ["拒绝", "refused"], step_assigned: ["指派", "assigned"], step_measure: ["采取措施", "measure taken"], step_effect: ["效果", "effect"], step_closed: ["销号", "closed"],
  worst_value: ["最严重值", "Worst value"], limit: ["限值", "Limit"], measure: ["措施", "Measure"], owner: ["责任人", "Owner"], due: ["期限", "Due"], evidence: ["触发前的数值", "Values before it"],
  your_name: ["姓名", "Your name"], note: ["备注", "Note"], reason: ["理由", "Reason"], measure_code: ["措施代码", "Code of the measure"], measure_text: ["措施说明", "What was done"], verifier: ["核验人", "Verifier"],
  do_ack: ["确认", "Acknowledge"], do_refuse: ["拒绝", "Refuse"], do_assign: ["指派", "Assign"], do_measure: ["登记措施", "Enter measure"], do_close: ["销号", "Close"],
  open_alerts: ["未结告警", "Open alerts"],
  device: ["设备", "Device"], role: ["角色", "Role"], value: ["数值", "Value"], age: ["距今", "Age"], quality: ["质量", "Quality"],
  link: ["链路", "Link"], model: ["型号", "Model"], show_points: ["{0} 个测点", "{0} points"],
  good: ["良好", "good"], recovered: ["已恢复", "recovered"], suspect: ["可疑", "suspect"],
  out_of_range: ["越限", "out of range"], exception: ["设备异常应答", "exception"], missing: ["缺失", "missing"],
  clock_suspect: ["时钟存疑", "clock suspect"], stale_quality: ["陈旧", "stale"], estimated_quality: ["估算", "estimated"],
  completeness: ["本月完整率（按设备与日）", "Completeness of this month, by device and day"], expected: ["应有 {0}，已存 {1}", "{1} of {0} stored"],
  login: ["登录", "Log in"], logout: ["退出", "Log out"], user: ["用户名", "User"], password: ["密码", "Password"],
  login_text: ["此网关需要登录。", "This gateway asks for a login."], failed: ["未能读取：{0}", "Could not be read: {0}"],
  role_grid: ["进线", "grid"], role_tie: ["母联", "tie"], role_pv: ["光伏", "PV"], role_wind: ["风电", "wind"],
  role_generator: ["发电机", "generator"], role_storage: ["储能", "storage"], role_battery: ["电池", "battery"],
  role_load: ["负荷", "load"], role_environment: ["环境", "environment"], role_fuel: ["燃料", "fuel"], role_gas: ["燃气", "gas"],
  role_heat: ["热力", "heat"], role_water: ["水", "water"], role_steam: ["蒸汽", "steam"], role_output: ["产量", "output"],
};

let language = localStorage.getItem("language") ||
  ((navigator.language || "zh").startsWith("zh") ? "zh" : "en");

export const languages = () => language;
export const locale = () => (language === "zh" ? "zh-CN" : "en-GB");

export function chooseLanguage(next) {
  language = next;
  localStorage.setItem("language", next);
  document.documentElement.lang = locale();
}

/* {0}, {1} .. are replaced by the arguments. */
export function word(key, ...values) {
  const texts = table[key];
  const text = texts ? texts[language === "zh" ? 0 : 1] : key;
  return text.replace(/\{(\d)\}/g, (_, i) => values[i] ?? "");
}
