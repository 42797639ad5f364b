# latency-quantiles.gp - quantiles of the latency of acknowledged operations.
name = 'latency-quantiles'
load 'setup.gp'
load 'common.gp'
set title 'Latency quantiles of acknowledged operations, per ' . bucket_text textcolor '#333333'
set logscale y
set format y '%g'
set ylabel 'latency (ms)' textcolor '#444444'
plot 'quantiles.dat' using 1:5 with linespoints pointtype 7 pointsize 0.3 linewidth 1.2 linecolor rgb '#c53030' title 'max', \
     ''              using 1:4 with linespoints pointtype 7 pointsize 0.3 linewidth 1.4 linecolor rgb '#dd8a0b' title '99 %', \
     ''              using 1:3 with linespoints pointtype 7 pointsize 0.3 linewidth 1.4 linecolor rgb '#6b46c1' title '95 %', \
     ''              using 1:2 with linespoints pointtype 7 pointsize 0.3 linewidth 1.8 linecolor rgb '#2b6cb0' title 'median', \
     for [i=1:fault_kinds] NaN with boxes fillstyle solid 0.45 noborder linecolor rgb word(fault_colours, i) title word(fault_names, i)
